// SPDX-License-Identifier: GPL-2.0
#include <linux/printk.h>
#include "part.h"

void part(void)
{
	pr_info("part\n");
}
