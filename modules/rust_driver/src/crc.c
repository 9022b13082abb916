// SPDX-License-Identifier: GPL-2.0
#include <driver.h>

u16 crc_of(const u8 *data, u32 count)
{
	u16 crc = 0xffff;
	u32 at, bit;

	for (at = 0; at < count; at++) {
		crc ^= data[at] << 8;
		for (bit = 0; bit < 8; bit++)
			crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
	}
	return crc;
}
