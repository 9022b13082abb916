// SPDX-License-Identifier: GPL-2.0
#include <linux/printk.h>
#include <own/name.h>

void other(void);
void other(void)
{
}

void name(int limit)
{
	pr_info(NAME " " TEXT " %d\n", limit);
}
