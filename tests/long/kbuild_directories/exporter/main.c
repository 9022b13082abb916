// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>

static int __init exporter_init(void)
{
	return 0;
}

static void __exit exporter_exit(void)
{
}

module_init(exporter_init);
module_exit(exporter_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exporter");
