// SPDX-License-Identifier: GPL-2.0
#include <linux/printk.h>
#include "second.h"

static int unused(void)
{
	return 0;
}

void second(const char *text)
{
	pr_info("%s\n", text);
}
