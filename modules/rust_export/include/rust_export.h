/* SPDX-License-Identifier: GPL-2.0 */
/* What rust_export has for other modules, in the namespace RUST_EXPORT: Adler-32, and how many were begun. */
#ifndef RUST_EXPORT_H
#define RUST_EXPORT_H

#include <linux/types.h>

struct digest {
	u16 a, b;
};

struct digest digest_new(void);
/* Adds bytes; returns the digest of all so far. */
u32 digest_add(struct digest *digest, const u8 *data, size_t count);

extern atomic_t digests;

#endif
