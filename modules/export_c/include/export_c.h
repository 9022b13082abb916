/* SPDX-License-Identifier: GPL-2.0 */
/* What export_c has for other modules, in the namespace EXPORT_C: a meter, which keeps the mean of what it is given. */
#ifndef EXPORT_C_H
#define EXPORT_C_H

#include <linux/types.h>

struct meter {
	u64 sum;
	u32 count;
};

/* Adds a value; returns how many there are. */
u32 meter_add(struct meter *meter, u32 value);
/* Rounded down; 0 if there are no values. */
u32 meter_mean(const struct meter *meter);

#endif
