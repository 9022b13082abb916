# SPDX-License-Identifier: GPL-2.0
# ioctls, by a program, and the module's life.

set -eu

fail() {
	echo "rust_ioctl: $*" >&2
	exit 1
}

for round in 1 2; do
	insmod /modules/rust_ioctl.ko
	/tests/bin/test_ioctl || fail "test_ioctl"
	exec 3</dev/rust_ioctl
	! rmmod rust_ioctl 2>/dev/null || fail "rmmod while open"
	exec 3<&-
	rmmod rust_ioctl
	[ ! -e /dev/rust_ioctl ] || fail "/dev/rust_ioctl is still there"
done
