# SPDX-License-Identifier: GPL-2.0
# What each of the crates works out is printed, at each load anew.

set -eu

fail() {
	echo "mainline_crates: $*" >&2
	exit 1
}

: >/tmp/expected
for round in 1 2; do
	insmod /modules/mainline_crates.ko || fail "round $round: insmod"
	rmmod mainline_crates || fail "round $round: rmmod"
	cat <<-END >>/tmp/expected
		1. stack
		2. ranks
		3. tiny_log
		a fifth fits: false
		version 1: log2 of 43210 is Some(15)
	END
	# At the first load, the kernel itself says of the module that it taints.
	dmesg | sed -n '/taint/d; s/^.*mainline_crates: //p' >/tmp/printed
	diff /tmp/expected /tmp/printed || fail "round $round: the log differs"
done
