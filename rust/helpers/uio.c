// SPDX-License-Identifier: GPL-2.0

#include <linux/uio.h>

#include "helpers.h"

size_t rust_helper_iov_iter_count(const struct iov_iter *iter)
{
	return iov_iter_count(iter);
}

size_t rust_helper_copy_to_iter(const void *from, size_t n,
				struct iov_iter *iter)
{
	return copy_to_iter(from, n, iter);
}

size_t rust_helper_copy_from_iter(void *to, size_t n, struct iov_iter *iter)
{
	return copy_from_iter(to, n, iter);
}
