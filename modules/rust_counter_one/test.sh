# SPDX-License-Identifier: GPL-2.0
# A user of another module's crate counts there.

set -eu

fail() {
	echo "rust_counter_one: $*" >&2
	exit 1
}

logged() {
	dmesg | grep -qF "$1" || fail "not logged: $1"
}

insmod /modules/rust_counter.ko || fail "insmod"
insmod /modules/rust_counter_one.ko || fail "insmod of the user"
logged "rust_counter_one: Totals { came: 1, went: 0, bytes: 40 }"
rmmod rust_counter_one || fail "rmmod of the user"
rmmod rust_counter || fail "rmmod"
logged "rust_counter: Totals { came: 1, went: 1, bytes: 40 }"
