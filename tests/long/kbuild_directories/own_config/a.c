// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#if !defined(CONFIG_OWN_A) || defined(CONFIG_OWN_B) || !defined(IN_KBUILD)
#error "flags"
#endif
static int __init own_init(void)
{
	return 0;
}

static void __exit own_exit(void)
{
}

module_init(own_init);
module_exit(own_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("own");
