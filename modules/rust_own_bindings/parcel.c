// SPDX-License-Identifier: GPL-2.0

#include <linux/errno.h>
#include <linux/printk.h>

#include "parcel.h"

/* A parcel as it leaves C for Rust. */
int parcel_fill(struct parcel *parcel, struct list_head *parcels)
{
	int i;

	INIT_LIST_HEAD(parcels);
	list_add_tail(&parcel->entry, parcels);
	parcel->fragile = 1;
	parcel->weight = 1234;
	parcel->state = PARCEL_MOVING;
	parcel->size.width = 0x11223344;
	parcel->size.height = 0x55667788;
	for (i = 0; i < PARCEL_STOPS; i++)
		parcel->stops[i] = 100 + i;
	return 0;
}

/* Whether it came back as Rust should have left it. */
int parcel_check(const struct parcel *parcel, struct list_head *parcels)
{
	int i;

	if (!list_empty(parcels) || parcel->fragile || parcel->weight != PARCEL_HEAVIEST ||
	    parcel->state != PARCEL_DONE || parcel->size.whole != 0x0102030405060708)
		return -EINVAL;
	for (i = 0; i < PARCEL_STOPS; i++)
		if (parcel->stops[i] != 2 * (100 + i))
			return -ERANGE;
	pr_info("a parcel came back\n");
	return 0;
}
