# SPDX-License-Identifier: GPL-2.0
# What init puts on the heap is there when the module is unloaded.

set -eu

expect() {
	dmesg | grep -qF "rust_minimal: $1" || {
		echo "rust_minimal: not in the log: $1" >&2
		exit 1
	}
}

insmod /modules/rust_minimal.ko
expect "Rust minimal sample (init)"
! dmesg | grep -F "rust_minimal: Rust minimal sample (exit)"

rmmod rust_minimal
expect "My message is on the heap"
expect "My numbers are [72, 108, 200]"
expect "Rust minimal sample (exit)"
