/* SPDX-License-Identifier: GPL-2.0 */
/* A filter: the mean of the last values, and what is far from it. None of it takes a lock. */
#ifndef FILTER_H
#define FILTER_H

#include <linux/types.h>

/* window.c: the last values and their sum. */
struct window {
	u64 sum;
	u32 count;
	u32 values[WINDOW];
};

void window_add(struct window *window, u32 value);
u32 window_mean(const struct window *window);

/* filter.c */
struct filter {
	struct window window;
	u32 outliers;
};

struct filter *filter_new(void);
void filter_free(struct filter *filter);
/* The mean with this value, which is left out of it if Rust takes it for an outlier. */
u32 filter_add(struct filter *filter, u32 value);

/* report.c: the filter in words; returns their length. */
int filter_report(const struct filter *filter, char *text, size_t size);

/* mainline_driver.rs */
bool is_outlier(u32 value, u32 mean);

#endif
