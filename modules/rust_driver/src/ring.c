// SPDX-License-Identifier: GPL-2.0
#include <linux/minmax.h>
#include <linux/string.h>

#include <driver.h>

void ring_put(struct ring *ring, const void *data, u32 count)
{
	u32 at = (ring->first + ring->used) % sizeof(ring->bytes);
	u32 before_end = min_t(u32, count, sizeof(ring->bytes) - at);

	memcpy(ring->bytes + at, data, before_end);
	memcpy(ring->bytes, data + before_end, count - before_end);
	ring->used += count;
}

void ring_take(struct ring *ring, void *data, u32 count)
{
	u32 before_end = min_t(u32, count, sizeof(ring->bytes) - ring->first);

	if (data) {
		memcpy(data, ring->bytes + ring->first, before_end);
		memcpy(data + before_end, ring->bytes, count - before_end);
	}
	ring->first = (ring->first + count) % sizeof(ring->bytes);
	ring->used -= count;
}
