# SPDX-License-Identifier: GPL-2.0
# What programs have computed when the module was built, the module computes with.

set -eu

fail() {
	echo "rust_tables: $*" >&2
	exit 1
}

# prints LINE [NAME=VALUE]...: the module does, loaded with these parameters.
prints() {
	line=$1
	shift
	insmod /modules/rust_tables.ko "$@"
	rmmod rust_tables
	dmesg | grep -qF "rust_tables: $line" || fail "not in the log: $line"
}

# The sum of these nine digits is the check value of CRC-32.
prints "sine of 30 degrees: 16384"
prints "crc32: cbf43926, reversed 649c2fd3"
prints "sine of 0 degrees: 0" degrees=0
prints "sine of 45 degrees: 23170" degrees=45
prints "sine of 90 degrees: 32768" degrees=90
prints "crc32: 3610a686, reversed 6165086c" text=hello
prints "crc32: 00000000, reversed 00000000" text=

insmod /modules/rust_tables.ko degrees=91 2>/dev/null && fail "it has a sine of 91 degrees"
[ ! -e /sys/module/rust_tables ] || fail "it stayed"
