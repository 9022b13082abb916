# SPDX-License-Identifier: GPL-2.0
# C fills a structure, Rust reads and changes it, C checks it: all of that in init.

set -eu

fail() {
	echo "mainline_own_bindings: $*" >&2
	exit 1
}

insmod /modules/mainline_own_bindings.ko || fail "C and Rust do not see the same"
dmesg | grep -q 'mainline_own_bindings: a lamp of 42 watts, color 1$' || fail "Rust has not read what C wrote"
dmesg | grep -q 'mainline_own_bindings: it is green for C, too$' || fail "C has not read what Rust wrote"
rmmod mainline_own_bindings
