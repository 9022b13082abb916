// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#ifdef HAVE_SYSFS
void with_sysfs(void);
#endif
static int __init conditional_init(void)
{
	with_sysfs();
	return 0;
}

static void __exit conditional_exit(void)
{
}

module_init(conditional_init);
module_exit(conditional_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("conditional");
