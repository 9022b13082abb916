# SPDX-License-Identifier: GPL-2.0
# Allocation works, and its failure is an error that reaches insmod.

set -eu

fail() {
	echo "rust_alloc: $*" >&2
	exit 1
}

logged() {
	dmesg | grep -qF "rust_alloc: $1" || fail "not in the log: $1"
}

insmod /modules/rust_alloc.ko
[ "$(dmesg | grep -c 'rust_alloc: too much: .*: Err(ENOMEM)$')" = 9 ] || fail "$(dmesg | grep 'too much')"
logged "zeroed: true"
logged "realloc: true"
logged "aligned: true"
logged "[0, 1, 2, 3, 4, 5] [1, 2, 3, 4, 5] [0, 0, 0]"
rmmod rust_alloc
logged "kept: on the heap, ä"

for bytes in 18446744073709551615 9223372036854775807 1099511627776 67108864; do
	message=$(insmod /modules/rust_alloc.ko bytes=$bytes 2>&1) && fail "insmod with bytes=$bytes"
	case $message in
	*"Cannot allocate memory"* | *"Out of memory"*) ;;
	*) fail "bytes=$bytes: insmod says $message" ;;
	esac
	! grep '^rust_alloc ' /proc/modules || fail "bytes=$bytes: it is still loaded"
done

# A mebibyte each time: were it not freed, the VM would have none left.
for round in $(seq 40); do
	insmod /modules/rust_alloc.ko bytes=1048576 || fail "round $round"
	rmmod rust_alloc
done
