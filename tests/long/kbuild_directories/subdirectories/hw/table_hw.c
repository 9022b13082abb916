// SPDX-License-Identifier: GPL-2.0
#include <linux/delay.h>
#include <table_hw.h>

void table_hw(void)
{
	msleep(1);
}
