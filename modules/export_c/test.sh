# SPDX-License-Identifier: GPL-2.0
# The module comes and goes, with its file in debugfs where the kernel has that. rust_uses_c has the test of its functions.

set -eu

fail() {
	echo "export_c: $*" >&2
	exit 1
}

debug=/sys/kernel/debug/export_c

for round in 1 2; do
	insmod /modules/export_c.ko
	[ "$(cat /sys/module/export_c/version)" = 1.0 ] || fail "round $round: another version"
	[ "$(cat /sys/module/export_c/refcnt)" = 0 ] || fail "round $round: somebody uses it"
	if grep -qw debugfs /proc/filesystems; then
		[ "$(cat $debug/values)" = 0 ] || fail "round $round: no values in debugfs"
	fi
	rmmod export_c
	[ ! -e $debug ] || fail "round $round: it is still in debugfs"
done
