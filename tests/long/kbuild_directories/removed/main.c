// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
void untraced(void);
#if !defined(TRACED) || !defined(ALL) || NEVER_DEFINED
#error "flags"
#endif
static int __init removed_init(void)
{
	untraced();
	return 0;
}

static void __exit removed_exit(void)
{
}

module_init(removed_init);
module_exit(removed_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("removed");
