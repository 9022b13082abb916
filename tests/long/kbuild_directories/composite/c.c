// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include "parts.h"
static int __init composite_init(void)
{
	pr_info("%d\n", b(a()));
	return 0;
}

static void __exit composite_exit(void)
{
}

module_init(composite_init);
module_exit(composite_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("composite");
