# SPDX-License-Identifier: GPL-2.0
# The numbers are C's, and which of them count is Rust's.

set -eu

fail() {
	echo "mainline_driver: $*" >&2
	dmesg | grep mainline_driver >&2 || true
	exit 1
}

# logged TEXT: the module printed it, as often as it was loaded.
logged() {
	[ "$(dmesg | grep -c "mainline_driver: $1\$")" = $round ] || fail "round $round: not \"$1\""
}

for round in 1 2; do
	insmod /modules/mainline_driver.ko || fail "round $round: insmod"
	logged "100 makes the mean 100"
	logged "110 makes the mean 105"
	logged "90 makes the mean 100"
	logged "5000 makes the mean 100"
	logged "120 makes the mean 105"
	logged "180 makes the mean 125"
	rmmod mainline_driver || fail "round $round: rmmod"
	logged "5 values, the mean of the last 4 is 125, 1 outliers"
done
