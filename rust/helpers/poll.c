// SPDX-License-Identifier: GPL-2.0

#include <linux/poll.h>

#include "helpers.h"

void rust_helper_poll_wait(struct file *file, wait_queue_head_t *list,
			   poll_table *table)
{
	poll_wait(file, list, table);
}
