// SPDX-License-Identifier: GPL-2.0
#include <linux/printk.h>
#include <linux/sysfs.h>

void with_sysfs(void);
void with_sysfs(void)
{
	sysfs_notify(NULL, NULL, NULL);
	pr_info("%d\n", VALUE);
}
