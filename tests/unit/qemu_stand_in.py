# SPDX-License-Identifier: MIT
"""A stand-in for QEMU: a script that takes its options and does to the serial ports what a real VM once did."""

from __future__ import annotations

from pathlib import Path

from scons_kmod.vm.qemu import Machine

# A limit that is to pass, and one that never is.
SHORT = 0.5
LONG = 30.0

PRELUDE = r"""#!/bin/sh
for word; do
    case $word in
    file,id=console,path=*) exec 4> "${word#*path=}" ;;
    file,id=report,path=*) exec 5> "${word#*path=}" ;;
    esac
done
echo $$ > "$0.pid"
echo boot >> "$0.boots"
console() { printf '%s\r\n' "$@" >&4; }
report() { printf '%s\n' "$@" >&5; }
passed() {
    report "begin $1" 'taint-before 0' "log [ 1.0] scons-kmod: test of $1 begins" 'status 0' 'taint 12288' "end $1"
}
"""

HAPPY = "report 'boot 6.1'\npassed a\npassed b\nreport done\n"

PANIC = """\
report 'boot 6.1' 'begin a' 'taint-before 0' 'out first'
console '[ 2.67] kernel BUG at /build/late.c:6!' '[ 2.68] Kernel panic - not syncing: Fatal exception'
"""


def machine(folder: Path, script: str) -> Machine:
    program = folder / "qemu"
    program.write_text(PRELUDE + script)
    program.chmod(0o755)
    return Machine("x86_64", str(program), "qemu-system-x86", (), "ttyS0")
