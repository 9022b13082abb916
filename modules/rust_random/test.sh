# SPDX-License-Identifier: GPL-2.0
# As many bytes come as are asked for, others each time, and of all values.

set -eu

fail() {
	echo "rust_random: $*" >&2
	exit 1
}

device=/dev/rust_random

for round in 1 2; do
	insmod /modules/rust_random.ko

	dd if=$device of=/tmp/one bs=1000 count=20 2>/dev/null
	[ "$(wc -c </tmp/one)" = 20000 ] || fail "$(wc -c </tmp/one) of 20000 bytes came"
	# Not blocking: the generator has been seeded by now.
	dd if=$device of=/tmp/two bs=1000 count=20 iflag=nonblock 2>/dev/null ||
		dd if=$device of=/tmp/two bs=1000 count=20 2>/dev/null
	! cmp -s /tmp/one /tmp/two || fail "the same bytes twice"

	# 20000 bytes miss one of the 256 values with a probability of 1e-31.
	values=$(od -An -v -t u1 -w1 /tmp/one | sort -u | wc -l)
	[ "$values" = 256 ] || fail "$values of 256 values occur"

	cat /tmp/one >$device || fail "write"

	exec 3<$device
	! rmmod rust_random 2>/dev/null || fail "rmmod while open"
	exec 3<&-
	rmmod rust_random
	[ ! -e $device ] || fail "$device is still there"
done
