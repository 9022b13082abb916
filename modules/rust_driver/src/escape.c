// SPDX-License-Identifier: GPL-2.0
#include <linux/ctype.h>
#include <linux/kernel.h>

#include <driver.h>

int escape(const u8 *data, u32 count, char *text, size_t size)
{
	int length = 0;
	u32 at;

	for (at = 0; at < count; at++) {
		const char *format = isascii(data[at]) && isprint(data[at]) ? "%c" : "\\x%02x";

		length += scnprintf(text + length, size - length, format, data[at]);
	}
	return length;
}
