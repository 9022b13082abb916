// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include "part.h"
static int __init dual_use_init(void)
{
	part();
	return 0;
}

static void __exit dual_use_exit(void)
{
}

module_init(dual_use_init);
module_exit(dual_use_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("dual_use");
