// SPDX-License-Identifier: GPL-2.0
#include <linux/proc_fs.h>

void proc(void);
void proc(void)
{
	remove_proc_entry("blocks", NULL);
}
