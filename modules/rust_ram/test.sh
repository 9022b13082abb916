# SPDX-License-Identifier: GPL-2.0
# Positions and vectors, by a program, and the module's life.

set -eu

fail() {
	echo "rust_ram: $*" >&2
	exit 1
}

logged() {
	dmesg | grep -q "rust_ram: $1\$" || fail "not in the log: $1"
}

for round in 1 2; do
	insmod /modules/rust_ram.ko
	/tests/bin/test_ram || fail "test_ram"
	exec 3</dev/rust_ram
	! rmmod rust_ram 2>/dev/null || fail "rmmod while open"
	exec 3<&-
	rmmod rust_ram
	[ ! -e /dev/rust_ram ] || fail "/dev/rust_ram is still there"
done
logged "fsync from 0 to 0x7fffffffffffffff, datasync false"
logged "fsync from 0 to 0x7fffffffffffffff, datasync true"
logged "closed at 1234"
