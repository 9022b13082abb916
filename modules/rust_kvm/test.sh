# SPDX-License-Identifier: GPL-2.0
# The template loads, stays, and unloads, again and again.

set -eu

for round in 1 2 3; do
	insmod /modules/rust_kvm.ko
	grep -q '^rust_kvm ' /proc/modules
	rmmod rust_kvm
	! grep '^rust_kvm ' /proc/modules
done
