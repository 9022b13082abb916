# SPDX-License-Identifier: GPL-2.0
# The device comes and goes with the module; what its ioctls do is for a program to tell.

set -eu

fail() {
	echo "mainline_misc: $*" >&2
	exit 1
}

device=/dev/mainline_misc

for round in 1 2; do
	[ ! -e $device ] || fail "round $round: $device is there before the module"
	insmod /modules/mainline_misc.ko
	[ -c $device ] || fail "round $round: no $device"
	grep -q ' mainline_misc$' /proc/misc || fail "round $round: not in /proc/misc"
	/tests/bin/test_mainline_misc || fail "round $round: test_mainline_misc"
	rmmod mainline_misc || fail "round $round: rmmod after all is closed"
	[ ! -e $device ] || fail "round $round: $device is still there"
	! grep -q mainline_misc /proc/misc || fail "round $round: still in /proc/misc"
done
