// SPDX-License-Identifier: GPL-2.0

#include <linux/slab.h>

#include "helpers.h"

void *rust_helper_krealloc(const void *p, size_t size, gfp_t flags)
{
	return krealloc(p, size, flags);
}
