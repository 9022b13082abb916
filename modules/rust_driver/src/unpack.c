// SPDX-License-Identifier: GPL-2.0
#include <linux/string.h>

#include <driver.h>

u32 unpack(const u8 *packed, u32 count, u8 *data, u32 limit)
{
	u32 at, length = 0;

	for (at = 0; at + 1 < count; at += 2) {
		u32 run = packed[at];

		if (length + run > limit)
			return limit + 1;
		memset(data + length, packed[at + 1], run);
		length += run;
	}
	return length;
}
