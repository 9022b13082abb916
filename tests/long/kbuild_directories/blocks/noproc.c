// SPDX-License-Identifier: GPL-2.0
void proc(void);
void proc(void)
{
}
