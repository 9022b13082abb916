// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#ifndef FROM_OUTSIDE
#error "flags"
#endif
static int __init wrapper_init(void)
{
	pr_info("%d\n", SIZE);
	return 0;
}

static void __exit wrapper_exit(void)
{
}

module_init(wrapper_init);
module_exit(wrapper_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("wrapper");
