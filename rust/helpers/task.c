// SPDX-License-Identifier: GPL-2.0

#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "helpers.h"

struct task_struct *rust_helper_get_current(void)
{
	return current;
}

void rust_helper_get_task_struct(struct task_struct *t)
{
	get_task_struct(t);
}

void rust_helper_put_task_struct(struct task_struct *t)
{
	put_task_struct(t);
}

/*
 * A thread that has been reaped does not know whether its leader is still
 * there: it stands for itself then.
 */
struct task_struct *rust_helper_get_group_leader(struct task_struct *t)
{
	struct task_struct *leader;

	rcu_read_lock();
	leader = pid_alive(t) ? READ_ONCE(t->group_leader) : t;
	get_task_struct(leader);
	rcu_read_unlock();
	return leader;
}

int rust_helper_signal_pending(struct task_struct *t)
{
	return signal_pending(t);
}
