# SPDX-License-Identifier: GPL-2.0
# What each of the crates works out is printed, at each load anew.

set -eu

fail() {
	echo "rust_crates: $*" >&2
	exit 1
}

: >/tmp/expected
for round in 1 2; do
	insmod /modules/rust_crates.ko || fail "round $round: insmod"
	rmmod rust_crates || fail "round $round: rmmod"
	cat <<-END >>/tmp/expected
		hello, released in spring
		the sum is 2277
		24 bits are set
		the third byte is 97
		tiny_bits 0.3.1: bit 64 is Err(OutOfRange(64))
		bit 0 is set
		bit 2 is set
		bit 15 is set
		open-file: 2
		closed-file: 1
		2 separators
	END
	# At the first load, the kernel itself says of the module that it taints.
	dmesg | sed -n '/taint/d; s/^.*rust_crates: //p' >/tmp/printed
	diff /tmp/expected /tmp/printed || fail "round $round: the log differs"
done
