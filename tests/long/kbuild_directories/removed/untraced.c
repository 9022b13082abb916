// SPDX-License-Identifier: GPL-2.0
#include <linux/printk.h>

void untraced(void);
#if defined(TRACED) || !defined(ALL)
#error "flags"
#endif

void untraced(void)
{
	pr_info("untraced\n");
}
