// SPDX-License-Identifier: GPL-2.0
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include <driver.h>

/* One message fits in any case. */
static_assert(QUEUE_BYTES >= sizeof(struct frame) + PACKED_BYTES);

struct queue *queue_new(void)
{
	return kzalloc(sizeof(struct queue), GFP_KERNEL);
}

void queue_free(struct queue *queue)
{
	kfree(queue);
}

/* Whether there is room for so many bytes, made if Rust says so. */
static bool make_room(struct queue *queue, u32 bytes)
{
	struct frame dropped;

	while (ring_free(&queue->ring) < bytes) {
		if (!policy_drops_oldest(bytes))
			return false;
		frame_take(&queue->ring, &dropped, NULL);
		queue->stats.dropped++;
	}
	return true;
}

int queue_push(struct queue *queue, const u8 *data, size_t count)
{
	struct frame frame;

	if (count > MESSAGE_BYTES)
		return -EMSGSIZE;
	frame.length = count;
	frame.packed = pack(data, count, queue->scratch);
	if (!make_room(queue, frame_bytes(frame.packed))) {
		queue->stats.refused++;
		return -ENOSPC;
	}
	frame.crc = crc_of(data, count);
	frame_put(&queue->ring, &frame, queue->scratch);
	stats_push(&queue->stats, &frame);
	histogram_add(&queue->histogram, data, count);
	queue->last = frame;
	memcpy(queue->last_message, data, count);
	return 0;
}

int queue_pop(struct queue *queue, u8 data[MESSAGE_BYTES])
{
	struct frame frame;
	u32 length;

	if (!frame_take(&queue->ring, &frame, queue->scratch))
		return 0;
	queue->stats.popped++;
	length = unpack(queue->scratch, frame.packed, data, MESSAGE_BYTES);
	if (WARN_ON_ONCE(length != frame.length || crc_of(data, length) != frame.crc))
		return -EIO;
	return length;
}
