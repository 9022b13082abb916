// SPDX-License-Identifier: GPL-2.0

#include <linux/mutex.h>

#include "helpers.h"

void rust_helper_mutex_init(struct mutex *lock, const char *name,
			    struct lock_class_key *key)
{
	__mutex_init(lock, name, key);
}

void rust_helper_mutex_lock(struct mutex *lock)
{
	mutex_lock(lock);
}
