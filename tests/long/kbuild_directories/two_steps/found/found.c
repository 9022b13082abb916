// SPDX-License-Identifier: GPL-2.0
#include <more.h>

int found(void)
{
	return 3;
}
