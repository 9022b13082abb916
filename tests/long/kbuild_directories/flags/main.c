// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <own/name.h>
#ifndef BELOW
#error "BELOW is not defined"
#endif
static int __init flags_init(void)
{
	name(LIMIT);
	return 0;
}

static void __exit flags_exit(void)
{
}

module_init(flags_init);
module_exit(flags_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("flags");
