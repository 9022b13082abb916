// SPDX-License-Identifier: GPL-2.0

#include <linux/gfp.h>
#include <linux/mm.h>

#include "helpers.h"

struct page *rust_helper_alloc_pages(gfp_t flags, unsigned int order)
{
	return alloc_pages(flags, order);
}

void *rust_helper_page_address(const struct page *page)
{
	return page_address(page);
}
