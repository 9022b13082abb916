// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include "special.h"
#ifdef SPECIAL
#error "SPECIAL is for the other file"
#endif
static int __init per_file_init(void)
{
	special();
	return 0;
}

static void __exit per_file_exit(void)
{
}

module_init(per_file_init);
module_exit(per_file_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("per_file");
