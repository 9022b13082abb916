/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The C declarations that the `bindings` crate offers to Rust: bindgen reads
 * this file and what it includes.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../helpers/helpers.h"
