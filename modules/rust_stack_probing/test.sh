# SPDX-License-Identifier: GPL-2.0
# A large array on the stack is whole, and the kernel goes on.

set -eu

fail() {
	echo "rust_stack_probing: $*" >&2
	exit 1
}

for round in 1 2 3; do
	insmod /modules/rust_stack_probing.ko || fail "round $round: insmod"
	rmmod rust_stack_probing || fail "round $round: rmmod"
done

dmesg | grep -q 'rust_stack_probing: Large array has length 514$' || fail "no length in the log"
dmesg | grep -q 'rust_stack_probing: Its sum is 2570$' || fail "the array is damaged"
