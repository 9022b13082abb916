// SPDX-License-Identifier: GPL-2.0
#include "parts.h"

int a(void)
{
	return 1;
}
