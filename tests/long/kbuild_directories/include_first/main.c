// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
int other(void);
static int __init include_first_init(void)
{
	pr_info("%d\n", LEVEL + other());
	return 0;
}

static void __exit include_first_exit(void)
{
}

module_init(include_first_init);
module_exit(include_first_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("include_first");
