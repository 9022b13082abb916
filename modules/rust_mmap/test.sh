# SPDX-License-Identifier: GPL-2.0
# The page, by a program, and the module's life.

set -eu

fail() {
	echo "rust_mmap: $*" >&2
	exit 1
}

logged() {
	dmesg | grep -q "rust_mmap: $1\$" || fail "not in the log: $1"
}

for round in 1 2; do
	insmod /modules/rust_mmap.ko
	/tests/bin/test_mmap || fail "test_mmap"
	rmmod rust_mmap
	[ ! -e /dev/rust_mmap ] || fail "/dev/rust_mmap is still there"
done
logged "the last byte of 8 pages: 5"
logged "the byte after: Err(EINVAL)"
logged "too many pages: Err(ENOMEM)"
