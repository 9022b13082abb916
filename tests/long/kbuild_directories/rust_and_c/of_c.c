// SPDX-License-Identifier: GPL-2.0
int of_c(int x);
int of_c(int x)
{
	return x * FACTOR;
}
