// SPDX-License-Identifier: GPL-2.0

#include <linux/mutex.h>

#include "helpers.h"

void rust_helper_mutex_lock(struct mutex *lock)
{
	mutex_lock(lock);
}
