# SPDX-License-Identifier: GPL-2.0
# Waiting and waking, by a program, and the module's life.

set -eu

fail() {
	echo "rust_pipe: $*" >&2
	exit 1
}

for round in 1 2; do
	insmod /modules/rust_pipe.ko
	/tests/bin/test_pipe || fail "test_pipe"
	exec 3</dev/rust_pipe
	! rmmod rust_pipe 2>/dev/null || fail "rmmod while open"
	exec 3<&-
	rmmod rust_pipe
	[ ! -e /dev/rust_pipe ] || fail "/dev/rust_pipe is still there"
done
