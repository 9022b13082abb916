/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel offers as inline functions or macros only, as functions
 * that Rust can call, and as constants of a type that bindgen can evaluate.
 * Read by bindgen (prototypes for Rust) and by helpers.c (definitions).
 */
#ifndef RUST_HELPERS_H
#define RUST_HELPERS_H

#include <linux/gfp.h>
#include <linux/types.h>

/* bindgen drops macros that hold casts: constants keep value and type. */
static const gfp_t rust_const_GFP_KERNEL = GFP_KERNEL;
static const gfp_t rust_const_GFP_ATOMIC = GFP_ATOMIC;
static const gfp_t rust_const___GFP_ZERO = __GFP_ZERO;

void rust_helper_BUG(void) __attribute__((noreturn));
unsigned long rust_helper_copy_from_user(void *to, const void __user *from,
					 unsigned long n);
unsigned long rust_helper_copy_to_user(void __user *to, const void *from,
				       unsigned long n);
unsigned long rust_helper_clear_user(void __user *to, unsigned long n);
void *rust_helper_krealloc(const void *p, size_t size, gfp_t flags);

#endif
