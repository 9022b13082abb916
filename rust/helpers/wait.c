// SPDX-License-Identifier: GPL-2.0

#include <linux/poll.h>
#include <linux/wait.h>

#include "helpers.h"

void rust_helper_init_wait(struct wait_queue_entry *wq_entry)
{
	init_wait(wq_entry);
}

/* Whether a wake-up has taken the entry off its queue. */
bool rust_helper_wait_was_woken(struct wait_queue_entry *wq_entry)
{
	return list_empty_careful(&wq_entry->entry);
}

/*
 * wake_up_pollfree() without its warning: a sleeper that a signal has woken
 * may still be about to leave the queue by itself.
 */
void rust_helper_wake_up_pollfree(struct wait_queue_head *wq_head)
{
	__wake_up(wq_head, TASK_NORMAL, 0, poll_to_key(EPOLLHUP | POLLFREE));
}
