// SPDX-License-Identifier: GPL-2.0
/* 6.12 does not export vrealloc(), which its Rust allocators call; kvrealloc() calls it for memory of vmalloc(). */
#include <linux/slab.h>
#include <linux/vmalloc.h>

void *vrealloc_noprof(const void *p, size_t size, gfp_t flags)
{
	if (p)
		return kvrealloc_noprof(p, size, flags);
	return size ? __vmalloc_noprof(size, flags) : NULL;
}
