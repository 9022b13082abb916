// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <all.h>
#include <more.h>
static int __init two_steps_init(void)
{
	pr_info("%d\n", one() + two() + found());
	return 0;
}

static void __exit two_steps_exit(void)
{
}

module_init(two_steps_init);
module_exit(two_steps_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("two_steps");
