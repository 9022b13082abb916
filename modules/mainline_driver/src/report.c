// SPDX-License-Identifier: GPL-2.0
#include <linux/kernel.h>

#include <filter.h>

int filter_report(const struct filter *filter, char *text, size_t size)
{
	const struct window *window = &filter->window;

	return scnprintf(text, size, "%u values, the mean of the last %d is %u, %u outliers",
			 window->count, WINDOW, window_mean(window), filter->outliers);
}
