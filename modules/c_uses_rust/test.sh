# SPDX-License-Identifier: GPL-2.0
# The digests are those of rust_export, which stays for as long as it is used.

set -eu

fail() {
	echo "c_uses_rust: $*" >&2
	exit 1
}

logged() {
	dmesg | grep -q "$1\$" || fail "not \"$1\""
}

insmod /modules/rust_export.ko
insmod /modules/c_uses_rust.ko
logged "c_uses_rust: the digest of Wikipedia is 11e60398"
logged "c_uses_rust: 1 digests"
[ -e /sys/module/rust_export/holders/c_uses_rust ] || fail "it does not hold rust_export"
! rmmod rust_export 2>/dev/null || fail "rust_export was unloaded while it was used"
rmmod c_uses_rust

insmod /modules/c_uses_rust.ko text=abc
logged "c_uses_rust: the digest of abc is 024d0127"
logged "c_uses_rust: 2 digests"
rmmod c_uses_rust
rmmod rust_export
logged "rust_export: 2 digests were begun"
