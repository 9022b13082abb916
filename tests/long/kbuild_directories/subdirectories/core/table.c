// SPDX-License-Identifier: GPL-2.0
#include <linux/printk.h>
#include "table.h"

void table(void)
{
	pr_info("%d rows\n", ROWS);
}
