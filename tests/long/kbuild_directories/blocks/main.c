// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
void proc(void);
#if !defined(MANY) || defined(WIDE) || PROC != 1 || defined(DEBUG)
#error "flags"
#endif
static int __init blocks_init(void)
{
	proc();
	return 0;
}

static void __exit blocks_exit(void)
{
}

module_init(blocks_init);
module_exit(blocks_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("blocks");
