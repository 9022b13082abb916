# SPDX-License-Identifier: GPL-2.0
# The device is there as long as the module, and each of its files has its own state.

set -eu

fail() {
	echo "rust_misc_macro: $*" >&2
	exit 1
}

device=/dev/rust_misc_macro

for round in 1 2 3; do
	insmod /modules/rust_misc_macro.ko
	[ -c $device ] || fail "round $round: no $device"
	# Two files, and what is written to one.
	exec 3<>$device 4<>$device
	printf 'eight by' >&3
	[ "$(dd bs=8 count=1 <&3 2>/dev/null)" = "eight by" ] || fail "round $round: it did not come back"
	[ "$(dd bs=8 count=1 <&4 2>/dev/null | tr '\0' 0)" = 00000000 ] || fail "round $round: the other file has it"
	! dd bs=4 count=1 <&3 >/dev/null 2>&1 || fail "round $round: a short read"
	! rmmod rust_misc_macro 2>/dev/null || fail "round $round: rmmod while open"
	exec 3>&- 4>&-
	rmmod rust_misc_macro
	[ ! -e $device ] || fail "round $round: $device is still there"
done
