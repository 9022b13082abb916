// SPDX-License-Identifier: GPL-2.0

#include <linux/cred.h>
#include <linux/security.h>

#include "helpers.h"

/*
 * The hooks have taken credentials since 5.16, tasks before. A task stands
 * for its objective credentials here, as it did then.
 */

int rust_helper_security_binder_set_context_mgr(struct task_struct *mgr)
{
	const struct cred *cred = get_task_cred(mgr);
	int ret = security_binder_set_context_mgr(cred);

	put_cred(cred);
	return ret;
}

int rust_helper_security_binder_transaction(struct task_struct *from,
					    struct task_struct *to)
{
	const struct cred *from_cred = get_task_cred(from);
	const struct cred *to_cred = get_task_cred(to);
	int ret = security_binder_transaction(from_cred, to_cred);

	put_cred(to_cred);
	put_cred(from_cred);
	return ret;
}

int rust_helper_security_binder_transfer_binder(struct task_struct *from,
						struct task_struct *to)
{
	const struct cred *from_cred = get_task_cred(from);
	const struct cred *to_cred = get_task_cred(to);
	int ret = security_binder_transfer_binder(from_cred, to_cred);

	put_cred(to_cred);
	put_cred(from_cred);
	return ret;
}

int rust_helper_security_binder_transfer_file(struct task_struct *from,
					      struct task_struct *to,
					      struct file *file)
{
	const struct cred *from_cred = get_task_cred(from);
	const struct cred *to_cred = get_task_cred(to);
	int ret = security_binder_transfer_file(from_cred, to_cred, file);

	put_cred(to_cred);
	put_cred(from_cred);
	return ret;
}
