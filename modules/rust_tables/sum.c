// SPDX-License-Identifier: GPL-2.0
/* The sum of bytes, by the same table as in Rust. */
#include <linux/types.h>

#include "crc/crc32.h"

u32 rust_tables_sum(const u8 *bytes, size_t length);

u32 rust_tables_sum(const u8 *bytes, size_t length)
{
	u32 sum = ~0;

	while (length--)
		sum = sum >> 8 ^ crc32[(u8)(sum ^ *bytes++)];
	return ~sum;
}
