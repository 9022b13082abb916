// SPDX-License-Identifier: GPL-2.0
#include <linux/math64.h>
#include <linux/minmax.h>

#include <filter.h>

void window_add(struct window *window, u32 value)
{
	u32 *place = &window->values[window->count++ % WINDOW];

	window->sum += value;
	window->sum -= *place;
	*place = value;
}

u32 window_mean(const struct window *window)
{
	return window->count ? div_u64(window->sum, min_t(u32, window->count, WINDOW)) : 0;
}
