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
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/sysctl.h>
#include <linux/types.h>
#include <linux/uio.h>

/* bindgen leaves out macros that hold casts: constants keep value and type. */
static const gfp_t rust_const_GFP_KERNEL = GFP_KERNEL;
static const gfp_t rust_const_GFP_ATOMIC = GFP_ATOMIC;
static const gfp_t rust_const___GFP_ZERO = __GFP_ZERO;
static const size_t rust_const_ARCH_KMALLOC_MINALIGN = ARCH_KMALLOC_MINALIGN;

/* bug.c */
void rust_helper_BUG(void) __noreturn;

/* mutex.c */
void rust_helper_mutex_lock(struct mutex *lock);

/* pages.c */
struct page *rust_helper_alloc_pages(gfp_t flags, unsigned int order);
void *rust_helper_page_address(const struct page *page);

/* poll.c */
void rust_helper_poll_wait(struct file *file, wait_queue_head_t *list,
			   poll_table *table);

/* slab.c */
void *rust_helper_krealloc(const void *p, size_t size, gfp_t flags);

/* sysctl.c */
typedef int (*rust_sysctl_handler)(void *data, int write, void *buffer,
				   size_t *lenp, loff_t *ppos);
struct ctl_table_header *
rust_helper_register_sysctl(const char *path, const char *name, umode_t mode,
			    void *data, rust_sysctl_handler handler);
void rust_helper_unregister_sysctl(struct ctl_table_header *header);

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
