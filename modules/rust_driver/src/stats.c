// SPDX-License-Identifier: GPL-2.0
#include <driver.h>

void stats_push(struct stats *stats, const struct frame *frame)
{
	stats->pushed++;
	stats->bytes += frame->length;
	stats->packed += frame->packed;
	stats->sum = fold(stats->sum, frame->crc);
}

u32 stats_percent(const struct stats *stats)
{
	return stats->bytes ? 100ULL * stats->packed / stats->bytes : 0;
}
