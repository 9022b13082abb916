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
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/types.h>

/* bindgen leaves out macros that hold casts: constants keep value and type. */
static const gfp_t rust_const_GFP_KERNEL = GFP_KERNEL;
static const gfp_t rust_const_GFP_ATOMIC = GFP_ATOMIC;
static const gfp_t rust_const___GFP_ZERO = __GFP_ZERO;
static const size_t rust_const_ARCH_KMALLOC_MINALIGN = ARCH_KMALLOC_MINALIGN;

/* bug.c */
void rust_helper_BUG(void) __noreturn;

/* mutex.c */
void rust_helper_mutex_lock(struct mutex *lock);

/* platform.c */
void rust_helper_platform_driver_set_remove(
	struct platform_driver *driver, int (*gives_int)(struct platform_device *),
	void (*gives_void)(struct platform_device *));
void *rust_helper_platform_get_drvdata(const struct platform_device *pdev);
void rust_helper_platform_set_drvdata(struct platform_device *pdev, void *data);

/* rbtree.c */
void rust_helper_rb_link_node(struct rb_node *node, struct rb_node *parent,
			      struct rb_node **link);

/* slab.c */
void *rust_helper_krealloc(const void *p, size_t size, gfp_t flags);

/* uaccess.c */
unsigned long rust_helper_copy_from_user(void *to, const void __user *from,
					 unsigned long n);
unsigned long rust_helper_copy_to_user(void __user *to, const void *from,
				       unsigned long n);
unsigned long rust_helper_clear_user(void __user *to, unsigned long n);

#endif
