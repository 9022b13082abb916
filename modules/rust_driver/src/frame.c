// SPDX-License-Identifier: GPL-2.0
#include <driver.h>

void frame_put(struct ring *ring, const struct frame *frame, const u8 *data)
{
	ring_put(ring, frame, sizeof(*frame));
	ring_put(ring, data, frame->packed);
}

bool frame_take(struct ring *ring, struct frame *frame, u8 *data)
{
	if (!ring->used)
		return false;
	ring_take(ring, frame, sizeof(*frame));
	ring_take(ring, data, frame->packed);
	return true;
}
