// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/mod_devicetable.h>
const char *dash_part(void);
static const struct of_device_id ids[] = {
	{ .compatible = "example,dash" },
	{ }
};
MODULE_DEVICE_TABLE(of, ids);
MODULE_ALIAS("dash");

static int __init dash_init(void)
{
	pr_info("%s\n", dash_part());
	return 0;
}

static void __exit dash_exit(void)
{
}

module_init(dash_init);
module_exit(dash_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("dash");
