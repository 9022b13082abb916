// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include <filter.h>

struct filter *filter_new(void)
{
	return kzalloc(sizeof(struct filter), GFP_KERNEL);
}

void filter_free(struct filter *filter)
{
	kfree(filter);
}

u32 filter_add(struct filter *filter, u32 value)
{
	struct window *window = &filter->window;

	if (window->count && is_outlier(value, window_mean(window)))
		filter->outliers++;
	else
		window_add(window, value);
	return window_mean(window);
}
