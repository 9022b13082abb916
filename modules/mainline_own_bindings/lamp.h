/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LAMP_H
#define LAMP_H

#include <linux/list.h>
#include <linux/types.h>

#define LAMP_BRIGHTEST 15

enum lamp_color { LAMP_RED = 1, LAMP_GREEN = 2 };

struct lamp {
	struct list_head entry;
	u8 on : 1;
	u8 brightness : 4;
	enum lamp_color color;
	size_t watts[2];
};

void lamp_light(struct lamp *lamp);
bool lamp_is_green(const struct lamp *lamp);

static inline size_t lamp_watts(const struct lamp *lamp)
{
	return lamp->watts[0] + lamp->watts[1];
}

#endif
