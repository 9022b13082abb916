/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/linkage.h>

/* u32 fold(u32 sum, u32 crc): the sum turned by five bits, and the CRC in it. */
SYM_FUNC_START(fold)
	movl	%edi, %eax
	roll	$5, %eax
	xorl	%esi, %eax
	RET
SYM_FUNC_END(fold)
