// SPDX-License-Identifier: GPL-2.0

#include <linux/slab.h>
#include <linux/sysctl.h>
#include <linux/version.h>

#include "helpers.h"

#ifdef CONFIG_SYSCTL

/* The handler's table is const since 6.11. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
typedef const struct ctl_table rust_handler_table;
#else
typedef struct ctl_table rust_handler_table;
#endif

static int rust_sysctl_call(rust_handler_table *table, int write, void *buffer,
			    size_t *lenp, loff_t *ppos)
{
	rust_sysctl_handler handler = table->extra1;

	return handler(table->data, write, buffer, lenp, ppos);
}

struct ctl_table_header *
rust_helper_register_sysctl(const char *path, const char *name, umode_t mode,
			    void *data, rust_sysctl_handler handler)
{
	struct ctl_table_header *header;
	/* The second entry is the end mark that kernels before 6.6 look for. */
	struct ctl_table *table = kcalloc(2, sizeof(*table), GFP_KERNEL);

	if (!table)
		return NULL;
	table->procname = name;
	table->mode = mode;
	table->data = data;
	table->extra1 = handler;
	table->proc_handler = rust_sysctl_call;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	header = register_sysctl_sz(path, table, 1);
#else
	header = register_sysctl(path, table);
#endif
	if (!header)
		kfree(table);
	return header;
}

void rust_helper_unregister_sysctl(struct ctl_table_header *header)
{
	const struct ctl_table *table = header->ctl_table_arg;

	unregister_sysctl_table(header);
	kfree(table);
}

#endif
