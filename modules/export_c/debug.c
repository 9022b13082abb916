// SPDX-License-Identifier: GPL-2.0
/* /sys/kernel/debug/export_c/values, for kernels that have debugfs. */
#include <linux/debugfs.h>

#include "meter.h"

static struct dentry *directory;

void __init debug_begin(void)
{
	directory = debugfs_create_dir("export_c", NULL);
	debugfs_create_atomic_t("values", 0444, directory, &meter_values);
}

void debug_end(void)
{
	debugfs_remove(directory);
}
