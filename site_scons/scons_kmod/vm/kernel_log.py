# SPDX-License-Identifier: MIT
"""Find the lines of a test's kernel log that are signs of trouble."""

from __future__ import annotations

import re
from collections.abc import Iterable

# The kernel always prints these when it loads an unsigned out-of-tree module (kernel/module/main.c and signing.c).
EXPECTED_LINES = re.compile(
    r": loading out-of-tree module taints kernel\.?$"
    r"|: module verification failed: signature and/or required key missing - tainting kernel$"
)

TROUBLE_SIGNS = re.compile(
    "|".join(
        (
            # The kernel's own alarms (include/asm-generic/bug.h, arch/*/kernel/dumpstack.c, arch/*/kernel/traps.c).
            r"\bWARNING\b",
            r"\bBUG\b",
            r"\bOops\b",
            r"cut here \]",
            r"\bCall Trace\b",
            r"Kernel panic",
            r"general protection",
            r"invalid opcode",
            r"divide error",
            r"stack segment:",
            r"Unable to handle kernel",
            r"unchecked MSR access",
            r"Unpatched return thunk",
            # Checkers, which some kernels have.
            r"\b(UBSAN|KASAN|KCSAN|KMSAN|KFENCE|KCFI|ODEBUG)\b",
            r"CFI failure",
            r"refcount_t:",
            r"percpu ref .*(<= 0|underflow)",
            r"detected (buffer overflow|field-spanning write)",
            r"Kernel memory (exposure|overwrite) attempt",
            r"list_(add|del) corruption",
            r"Objects remaining in",
            r"kmemleak:",
            r"scheduling while atomic",
            r"sleeping function called from invalid context",
            r"suspicious RCU usage",
            # Watchdogs (kernel/watchdog.c, kernel/hung_task.c, kernel/rcu/tree_stall.h).
            r"soft lockup|hard LOCKUP",
            r"blocked for more than \d+ seconds",
            r"detected .*stalls?\b|self-detected stall",
            # Something was registered twice, or never unregistered.
            r"unregister_netdevice: waiting",
            r"cannot create duplicate filename",
            r"tried to init an initialized object",
            r"does not have a release\(\) function",
            r"(driver|proc_dir_entry) \S+ (is )?already registered",
            r"remove_proc_entry: removing non-empty",
            r"kernfs: can ?not remove",
            r"sysfs group .* not found",
            # The module loader (kernel/module/).
            r"Unknown symbol",
            r"Unknown rela relocation",
            r"disagrees about version of symbol",
            r"no symbol version for",
            r"version magic",
            r"Please remove",
            r"taint(s|ing)? kernel|kernel taint",
        )
    )
)


def trouble_lines(log: Iterable[str]) -> tuple[str, ...]:
    """The lines of a kernel log that are signs of trouble, in their order. The two expected taint messages are none."""
    return tuple(line for line in log if TROUBLE_SIGNS.search(line) and not EXPECTED_LINES.search(line.rstrip()))
