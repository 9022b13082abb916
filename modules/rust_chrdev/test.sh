# SPDX-License-Identifier: GPL-2.0
# Each minor number is a device of its own, and unloading takes all away.

set -eu

fail() {
	echo "rust_chrdev: $*" >&2
	exit 1
}

major() {
	awk '$2 == "rust_chrdev" { print $1 }' /proc/devices
}

for round in 1 2; do
	insmod /modules/rust_chrdev.ko
	[ -n "$(major)" ] || fail "not in /proc/devices"

	# The minor numbers begin at 5. Next to them there is nothing.
	for minor in 4 5 6 7 8; do
		mknod /tmp/device$minor c "$(major)" $minor
	done
	for number in 0 1 2; do
		text=$(cat /tmp/device$((5 + number)))
		[ "$text" = "device number $number" ] || fail "device $number says: $text"
		# Byte by byte, the position moves along.
		text=$(dd if=/tmp/device$((5 + number)) bs=1 2>/dev/null)
		[ "$text" = "device number $number" ] || fail "device $number says, bytewise: $text"
	done
	for minor in 4 8; do
		message=$(cat /tmp/device$minor 2>&1) && fail "minor $minor is there"
		case $message in
		*"No such device or address"*) ;;
		*) fail "minor $minor: $message" ;;
		esac
	done
	# What is not declared is refused.
	! echo text 2>/dev/null >/tmp/device5 || fail "a device without write was written to"

	exec 3</tmp/device7
	! rmmod rust_chrdev 2>/dev/null || fail "rmmod while open"
	exec 3<&-

	rmmod rust_chrdev
	[ -z "$(major)" ] || fail "still in /proc/devices"
	! cat /tmp/device5 2>/dev/null || fail "the device is still there"
	rm /tmp/device?
done

dmesg | grep -q 'rust_chrdev: a fourth of three devices: EINVAL$' || fail "a fourth device"
