# SPDX-License-Identifier: GPL-2.0
# What init puts on the heap is there until the module is unloaded.

set -eu

fail() {
	echo "rust_minimal: $*" >&2
	exit 1
}

logged() {
	dmesg | grep -qF "rust_minimal: $1"
}

insmod /modules/rust_minimal.ko
logged "Rust minimal sample (init)" || fail "init printed nothing"
! logged "Rust minimal sample (exit)" || fail "dropped right after init"

rmmod rust_minimal
logged "My message is on the heap" || fail "the String is lost"
logged "My numbers are [72, 108, 200]" || fail "the Vec is lost"
logged "Rust minimal sample (exit)" || fail "never dropped"
