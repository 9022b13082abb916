# SPDX-License-Identifier: GPL-2.0
# C fills a structure, Rust reads and changes it, C checks it: all of that in init.

set -eu

fail() {
	echo "rust_own_bindings: $*" >&2
	exit 1
}

insmod /modules/rust_own_bindings.ko || fail "C and Rust do not see the same: $(dmesg | tail -n 1)"
dmesg | grep -q 'a parcel came back$' || fail "C has not checked the structure"
dmesg | grep -q 'rust_own_bindings: parcel delivered to stop 208$' || fail "Rust has not changed the structure"
rmmod rust_own_bindings
