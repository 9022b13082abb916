// SPDX-License-Identifier: GPL-2.0
/* A module of C that exports functions: rust_uses_c calls them. */
#include <linux/module.h>

#include "meter.h"

static int __init export_c_init(void)
{
	debug_begin();
	return 0;
}

static void __exit export_c_exit(void)
{
	debug_end();
}

module_init(export_c_init);
module_exit(export_c_exit);
MODULE_AUTHOR("The scons-kmod authors");
MODULE_DESCRIPTION("Meters for other modules, in C");
MODULE_VERSION("1.0");
MODULE_LICENSE("GPL");
