/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel offers as inline functions or macros only, as functions
 * that Rust can call, and as constants of a type that bindgen can evaluate.
 *
 * bindgen reads it for the prototypes. The functions are defined in the files
 * beside it, one a topic: a module is linked with those that it needs.
 */
#ifndef RUST_HELPERS_H
#define RUST_HELPERS_H

#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/platform_device.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/sysctl.h>
#include <linux/types.h>
#include <linux/uio.h>
#include <linux/wait.h>

/* bindgen leaves out macros that hold casts: constants keep value and type. */
static const gfp_t rust_const_GFP_KERNEL = GFP_KERNEL;
static const gfp_t rust_const_GFP_ATOMIC = GFP_ATOMIC;
static const gfp_t rust_const___GFP_ZERO = __GFP_ZERO;
static const size_t rust_const_ARCH_KMALLOC_MINALIGN = ARCH_KMALLOC_MINALIGN;
/* Numbers in 6.12, and in 7.2 made of those of an enum. */
static const unsigned long rust_const_VM_SHARED = VM_SHARED;
static const unsigned long rust_const_VM_DONTEXPAND = VM_DONTEXPAND;

/* bug.c */
void rust_helper_BUG(void) __noreturn;

/* list.c */
void rust_helper_INIT_LIST_HEAD(struct list_head *list);
void rust_helper_list_add(struct list_head *new, struct list_head *head);
void rust_helper_list_add_tail(struct list_head *new, struct list_head *head);
void rust_helper_list_del(struct list_head *entry);

/* mutex.c */
void rust_helper_mutex_init(struct mutex *lock, const char *name,
			    struct lock_class_key *key);
void rust_helper_mutex_lock(struct mutex *lock);

/* pages.c */
struct page *rust_helper_alloc_pages(gfp_t flags, unsigned int order);
void *rust_helper_page_address(const struct page *page);

/* poll.c */
void rust_helper_poll_wait(struct file *file, wait_queue_head_t *list,
			   poll_table *table);

/* refcount.c */
void rust_helper_refcount_set(refcount_t *r, int n);
void rust_helper_refcount_inc(refcount_t *r);
bool rust_helper_refcount_dec_and_test(refcount_t *r);

/* sched.c */
int rust_helper_cond_resched(void);

/* security.c */
int rust_helper_security_binder_set_context_mgr(struct task_struct *mgr);
int rust_helper_security_binder_transaction(struct task_struct *from,
					    struct task_struct *to);
int rust_helper_security_binder_transfer_binder(struct task_struct *from,
						struct task_struct *to);
int rust_helper_security_binder_transfer_file(struct task_struct *from,
					      struct task_struct *to,
					      struct file *file);
/* platform.c */
void rust_helper_platform_driver_set_remove(
	struct platform_driver *driver, int (*gives_int)(struct platform_device *),
	void (*gives_void)(struct platform_device *));
int rust_helper_platform_driver_register(struct platform_driver *driver,
					 struct module *owner);
void *rust_helper_platform_get_drvdata(const struct platform_device *pdev);
void rust_helper_platform_set_drvdata(struct platform_device *pdev, void *data);

/* rbtree.c */
struct rb_node *rust_helper_rb_first(const struct rb_root *root);
void rust_helper_rb_link_node(struct rb_node *node, struct rb_node *parent,
			      struct rb_node **link);

/* slab.c */
void *rust_helper_krealloc(const void *p, size_t size, gfp_t flags);

/* spinlock.c */
void rust_helper_spin_lock_init(spinlock_t *lock, const char *name,
				struct lock_class_key *key);
void rust_helper_spin_lock(spinlock_t *lock);
void rust_helper_spin_unlock(spinlock_t *lock);

/* sysctl.c */
typedef int (*rust_sysctl_handler)(void *data, int write, void *buffer,
				   size_t *lenp, loff_t *ppos);
struct ctl_table_header *
rust_helper_register_sysctl(const char *path, const char *name, umode_t mode,
			    void *data, rust_sysctl_handler handler);
void rust_helper_unregister_sysctl(struct ctl_table_header *header);

/* task.c */
struct task_struct *rust_helper_get_current(void);
void rust_helper_get_task_struct(struct task_struct *t);
void rust_helper_put_task_struct(struct task_struct *t);
struct task_struct *rust_helper_get_group_leader(struct task_struct *t);
int rust_helper_signal_pending(struct task_struct *t);

/* uaccess.c */
unsigned long rust_helper_copy_from_user(void *to, const void __user *from,
					 unsigned long n);
unsigned long rust_helper_copy_to_user(void __user *to, const void *from,
				       unsigned long n);
unsigned long rust_helper_clear_user(void __user *to, unsigned long n);

/* uio.c */
size_t rust_helper_iov_iter_count(const struct iov_iter *iter);
size_t rust_helper_copy_to_iter(const void *from, size_t n,
				struct iov_iter *iter);
size_t rust_helper_copy_from_iter(void *to, size_t n, struct iov_iter *iter);

/* wait.c */
void rust_helper_init_wait(struct wait_queue_entry *wq_entry);
bool rust_helper_wait_was_woken(struct wait_queue_entry *wq_entry);
void rust_helper_wake_up_pollfree(struct wait_queue_head *wq_head);

/*
 * Fields of struct vm_area_struct that later kernels have put in anonymous
 * unions, where bindgen gives them other names, and where vm_flags is const.
 * All at their own offsets (which bindings/layout.c checks).
 */
#define RUST_VMA_GAP(from, to)						\
	(offsetof(struct vm_area_struct, to) -				\
	 offsetofend(struct vm_area_struct, from))
struct rust_vm_area_fields {
	unsigned long vm_start;
	unsigned long vm_end;
	char __gap[RUST_VMA_GAP(vm_end, vm_flags)];
	unsigned long vm_flags;
};

#endif
