# SPDX-License-Identifier: GPL-2.0
# The module comes and goes. c_uses_rust has the test of its functions.

set -eu

fail() {
	echo "rust_export: $*" >&2
	exit 1
}

for round in 1 2; do
	insmod /modules/rust_export.ko
	[ "$(cat /sys/module/rust_export/refcnt)" = 0 ] || fail "round $round: somebody uses it"
	rmmod rust_export
	[ "$(dmesg | grep -c 'rust_export: 0 digests were begun')" = $round ] || fail "round $round: not a word"
done
