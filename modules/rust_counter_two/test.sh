# SPDX-License-Identifier: GPL-2.0
# The two users count in one place, which stays while it is used.

set -eu

fail() {
	echo "rust_counter_two: $*" >&2
	exit 1
}

logged() {
	dmesg | grep -qF "$1" || fail "not logged: $1"
}

insmod /modules/rust_counter.ko || fail "insmod"
insmod /modules/rust_counter_two.ko || fail "insmod of the user"
logged "rust_counter_two: 3 events, Totals { came: 3, went: 0, bytes: 6 }"
! rmmod rust_counter 2>/dev/null || fail "unloaded while it is used"
rmmod rust_counter_two || fail "rmmod of the user"
insmod /modules/rust_counter_two.ko || fail "insmod of the user once more"
logged "rust_counter_two: 3 events, Totals { came: 6, went: 0, bytes: 12 }"
rmmod rust_counter_two
rmmod rust_counter || fail "rmmod"
logged "rust_counter: Totals { came: 6, went: 0, bytes: 12 }"
