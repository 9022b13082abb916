/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/linkage.h>
#include <asm/nospec-branch.h>
#ifdef ONLY_C
#error "flags"
#endif

SYM_FUNC_START(add)
	lea (STEP + MORE)(%rdi), %rax
	RET
SYM_FUNC_END(add)

	.section .note.GNU-stack, "", @progbits
