// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include "../exporter/sums.h"
static const struct sums sums = { 1, 2 };

static int __init importer_init(void)
{
	pr_info("%d %llu\n", sum_of(1, 2), sum_of_long(&sums));
	return 0;
}

static void __exit importer_exit(void)
{
}

module_init(importer_init);
module_exit(importer_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("importer");
