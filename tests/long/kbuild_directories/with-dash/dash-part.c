// SPDX-License-Identifier: GPL-2.0
const char *dash_part(void);
const char *dash_part(void)
{
	return KBUILD_MODNAME;
}
