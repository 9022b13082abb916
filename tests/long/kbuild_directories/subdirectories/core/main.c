// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <table.h>
#include <table_hw.h>
static int __init subdirectories_init(void)
{
	table();
	table_hw();
	return 0;
}

static void __exit subdirectories_exit(void)
{
}

module_init(subdirectories_init);
module_exit(subdirectories_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("subdirectories");
