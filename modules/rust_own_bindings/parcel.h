/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PARCEL_H
#define PARCEL_H

#include <linux/list.h>
#include <linux/types.h>

/* How many stops a parcel makes; the manifest may say another number. */
#ifndef PARCEL_STOPS
#define PARCEL_STOPS 3
#endif

#define PARCEL_HEAVIEST 4000

enum parcel_state {
	PARCEL_NEW,
	PARCEL_MOVING = 4,
	PARCEL_DONE,
};

union parcel_size {
	u64 whole;
	struct {
		u32 width;
		u32 height;
	};
	u8 bytes[8];
};

/* C and Rust both read and write it. */
struct parcel {
	struct list_head entry;
	u32 fragile : 1;
	u32 weight : 12;
	enum parcel_state state;
	union parcel_size size;
	u16 stops[PARCEL_STOPS];
};

int parcel_fill(struct parcel *parcel, struct list_head *parcels);
int parcel_check(const struct parcel *parcel, struct list_head *parcels);

/* How far it is: all stops added up, times @scale. */
static inline u32 parcel_distance(const struct parcel *parcel, u32 scale)
{
	u32 sum = 0;
	int i;

	for (i = 0; i < PARCEL_STOPS; i++)
		sum += parcel->stops[i];
	return sum * scale;
}

static inline void parcel_rename(struct parcel *parcel, u32 (*name)(u32 stop))
{
	int i;

	for (i = 0; i < PARCEL_STOPS; i++)
		parcel->stops[i] = name(parcel->stops[i]);
}

#endif
