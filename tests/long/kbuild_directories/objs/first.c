// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include "second.h"
#ifndef VERBOSE
#error "VERBOSE is not defined"
#endif
static int __init objs_init(void)
{
	second("one");
	return 0;
}

static void __exit objs_exit(void)
{
}

module_init(objs_init);
module_exit(objs_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("objs");
