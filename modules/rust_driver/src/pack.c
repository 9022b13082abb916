// SPDX-License-Identifier: GPL-2.0
#include <linux/limits.h>

#include <driver.h>

u32 pack(const u8 *data, u32 count, u8 *packed)
{
	u8 *to = packed;
	u32 at, run;

	for (at = 0; at < count; at += run) {
		for (run = 1; run < U8_MAX && at + run < count; run++)
			if (data[at + run] != data[at])
				break;
		*to++ = run;
		*to++ = data[at];
	}
	return to - packed;
}
