// SPDX-License-Identifier: GPL-2.0
#include <linux/ctype.h>

#include <driver.h>

void histogram_add(struct histogram *histogram, const u8 *data, u32 count)
{
	u32 at;

	for (at = 0; at < count; at++) {
		if (isalpha(data[at]))
			histogram->letters++;
		else if (isdigit(data[at]))
			histogram->digits++;
		else
			histogram->others++;
	}
}
