// SPDX-License-Identifier: GPL-2.0

#include "lamp.h"

void lamp_light(struct lamp *lamp)
{
	INIT_LIST_HEAD(&lamp->entry);
	lamp->on = 1;
	lamp->brightness = 7;
	lamp->color = LAMP_RED;
	lamp->watts[0] = 40;
	lamp->watts[1] = 2;
}

bool lamp_is_green(const struct lamp *lamp)
{
	return list_empty(&lamp->entry) && lamp->on && lamp->brightness == LAMP_BRIGHTEST &&
	       lamp->color == LAMP_GREEN && lamp_watts(lamp) == 50;
}
