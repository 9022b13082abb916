# SPDX-License-Identifier: GPL-2.0
# The module greets when it is loaded, and still has its numbers when it is unloaded.

set -eu

fail() {
	echo "mainline_minimal: $*" >&2
	exit 1
}

# logs TEXT: it is what the module printed last.
logs() {
	last=$(dmesg | sed -n 's/^.*mainline_minimal: //p' | tail -n 1)
	[ "$last" = "$1" ] || fail "round $round: the log ends in \"$last\", not in \"$1\""
}

for round in 1 2; do
	insmod /modules/mainline_minimal.ko || fail "round $round: insmod"
	logs "loaded with 3 numbers"
	rmmod mainline_minimal || fail "round $round: rmmod"
	logs "unloaded; my numbers were [72, 108, 200]"
done
