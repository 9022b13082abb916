// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
asmlinkage unsigned long add(unsigned long x);
#if !defined(ONLY_C) || defined(STEP)
#error "flags"
#endif
static int __init assembly_init(void)
{
	pr_info("%lu\n", add(1));
	return 0;
}

static void __exit assembly_exit(void)
{
}

module_init(assembly_init);
module_exit(assembly_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("assembly");
