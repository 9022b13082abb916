// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>

static int level = 3;
module_param(level, int, 0444);
MODULE_PARM_DESC(level, "a number");
MODULE_VERSION("1.2");

static int __init one_file_init(void)
{
	pr_info("%d\n", level);
	return 0;
}

static void __exit one_file_exit(void)
{
}

module_init(one_file_init);
module_exit(one_file_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("one_file");
