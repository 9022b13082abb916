// SPDX-License-Identifier: GPL-2.0
#include <linux/export.h>
#include <linux/types.h>
#include "sums.h"

int sum_of(int a, int b)
{
	return a + b;
}
EXPORT_SYMBOL(sum_of);

u64 sum_of_long(const struct sums *sums)
{
	return sums->a + sums->b;
}
EXPORT_SYMBOL_GPL(sum_of_long);
