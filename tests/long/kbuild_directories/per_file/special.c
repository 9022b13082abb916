// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <special.h>

void special(void)
{
	pr_info("%lu\n", jiffies * SPECIAL);
}
