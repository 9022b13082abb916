// SPDX-License-Identifier: GPL-2.0
#include <linux/kernel.h>

#include <driver.h>

int queue_report(const struct queue *queue, char *text, size_t size)
{
	const struct stats *stats = &queue->stats;
	const struct histogram *kinds = &queue->histogram;
	int length = 0;

	length += scnprintf(text + length, size - length, REPORT_TITLE ", when full: %s\n", policy_name());
	length += scnprintf(text + length, size - length, "pushed %u popped %u dropped %u refused %u\n",
			    stats->pushed, stats->popped, stats->dropped, stats->refused);
	length += scnprintf(text + length, size - length, "bytes %u packed to %u%% used %u of %u\n",
			    stats->bytes, stats_percent(stats), queue->ring.used, QUEUE_BYTES);
	length += scnprintf(text + length, size - length, "letters %u digits %u others %u\n",
			    kinds->letters, kinds->digits, kinds->others);
	length += scnprintf(text + length, size - length, "last %04x sum %08x ", queue->last.crc, stats->sum);
	length += escape(queue->last_message, queue->last.length, text + length, size - length);
	length += scnprintf(text + length, size - length, "\n");
	return length;
}
