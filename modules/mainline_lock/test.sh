# SPDX-License-Identifier: GPL-2.0
# Both holders see what either did, and the last one takes the account with it.

set -eu

fail() {
	echo "mainline_lock: $*" >&2
	exit 1
}

: >/tmp/expected
for round in 1 2; do
	insmod /modules/mainline_lock.ko || fail "round $round: insmod"
	rmmod mainline_lock || fail "round $round: rmmod"
	cat <<-END >>/tmp/expected
		paid [1, 10, 2, 20, 3, 30]
		the balance is 66
		the first leaves at 100
		the second leaves at 100
		the account is closed
	END
	# At the first load, the kernel itself says of the module that it taints.
	dmesg | sed -n '/taint/d; s/^.*mainline_lock: //p' >/tmp/printed
	diff /tmp/expected /tmp/printed || fail "round $round: the log differs"
done
