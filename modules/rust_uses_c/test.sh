# SPDX-License-Identifier: GPL-2.0
# The values are those of export_c, which stays for as long as it is used.

set -eu

fail() {
	echo "rust_uses_c: $*" >&2
	exit 1
}

# logged TEXT: the module printed it, as often as it was loaded.
logged() {
	[ "$(dmesg | grep -c "rust_uses_c: $1\$")" = $round ] || fail "round $round: not \"$1\""
}

insmod /modules/export_c.ko
for round in 1 2; do
	insmod /modules/rust_uses_c.ko
	logged "the mean of 1 is 10"
	logged "the mean of 2 is 15"
	logged "the mean of 3 is 23"
	logged "the mean of 4 is 1073741841" # The sum has 64 bits.
	if grep -qw debugfs /proc/filesystems; then
		[ "$(cat /sys/kernel/debug/export_c/values)" = $((4 * round)) ] || fail "round $round: not $((4 * round)) values"
	fi
	[ -e /sys/module/export_c/holders/rust_uses_c ] || fail "round $round: it does not hold export_c"
	! rmmod export_c 2>/dev/null || fail "round $round: export_c was unloaded while it was used"
	rmmod rust_uses_c
	logged "the last mean was 1073741841"
done
rmmod export_c
