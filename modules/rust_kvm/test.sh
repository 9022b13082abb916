# SPDX-License-Identifier: GPL-2.0
# The template loads, stays, and unloads, again and again.

set -eu

fail() {
	echo "rust_kvm: $*" >&2
	exit 1
}

for round in 1 2 3; do
	insmod /modules/rust_kvm.ko || fail "round $round: insmod"
	grep -q '^rust_kvm ' /proc/modules || fail "round $round: not loaded"
	rmmod rust_kvm || fail "round $round: rmmod"
	! grep '^rust_kvm ' /proc/modules || fail "round $round: still loaded"
done
