/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the driver are to each other. None of it takes a lock: Rust has one for a queue. */
#ifndef DRIVER_H
#define DRIVER_H

#include <linux/types.h>

/* The longest message, and what it may become when it is packed. */
#define MESSAGE_BYTES 256
#define PACKED_BYTES (2 * MESSAGE_BYTES)

/* ring.c: bytes in a circle. */
struct ring {
	u32 first, used;
	u8 bytes[QUEUE_BYTES];
};

static inline u32 ring_free(const struct ring *ring)
{
	return sizeof(ring->bytes) - ring->used;
}

void ring_put(struct ring *ring, const void *data, u32 count);
/* Without a place for the data, they are thrown away. */
void ring_take(struct ring *ring, void *data, u32 count);

/* frame.c: a message in the ring. `crc` is that of the message before it was packed. */
struct frame {
	u16 packed, length, crc;
};

static inline u32 frame_bytes(u32 packed)
{
	return sizeof(struct frame) + packed;
}

void frame_put(struct ring *ring, const struct frame *frame, const u8 *data);
bool frame_take(struct ring *ring, struct frame *frame, u8 *data);

/* pack.c, unpack.c: runs of a byte as the byte and their length. */
u32 pack(const u8 *data, u32 count, u8 *packed);
/* How many bytes there were; `limit` + 1 if there is no room for them. */
u32 unpack(const u8 *packed, u32 count, u8 *data, u32 limit);

/* crc.c: CRC-16/CCITT, that of "123456789" is 0x29b1. */
u16 crc_of(const u8 *data, u32 count);

/* fold.S: a sum over CRCs that depends on their order. */
u32 fold(u32 sum, u32 crc);

/* histogram.c: which kinds of bytes came. */
struct histogram {
	u32 letters, digits, others;
};

void histogram_add(struct histogram *histogram, const u8 *data, u32 count);

/* stats.c */
struct stats {
	u32 pushed, popped, dropped, refused, bytes, packed, sum;
};

void stats_push(struct stats *stats, const struct frame *frame);
u32 stats_percent(const struct stats *stats);

/* queue.c: messages, first in, first out. */
struct queue {
	struct ring ring;
	struct stats stats;
	struct histogram histogram;
	struct frame last;
	u8 last_message[MESSAGE_BYTES];
	u8 scratch[PACKED_BYTES];
};

struct queue *queue_new(void);
void queue_free(struct queue *queue);
/* 0, -EMSGSIZE, or -ENOSPC if there is no room and none is to be made. */
int queue_push(struct queue *queue, const u8 *data, size_t count);
/* The length of the message, 0 if there is none; -EIO if it is not what it was. */
int queue_pop(struct queue *queue, u8 data[MESSAGE_BYTES]);

/* report.c, escape.c: the queue in words. */
int queue_report(const struct queue *queue, char *text, size_t size);
int escape(const u8 *data, u32 count, char *text, size_t size);

/* The crate policy: whether the oldest message is dropped for one that needs `bytes`, and the policy's name. */
bool policy_drops_oldest(u32 bytes);
const char *policy_name(void);

#endif
