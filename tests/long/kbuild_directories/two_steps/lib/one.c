// SPDX-License-Identifier: GPL-2.0
#include <all.h>

int one(void)
{
	return ONE;
}
