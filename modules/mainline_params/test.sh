# SPDX-License-Identifier: GPL-2.0
# Parameters have their defaults, insmod sets them, and what is out of range is refused.

set -eu

fail() {
	echo "mainline_params: $*" >&2
	exit 1
}

# logs TEXT: it is what the module printed last.
logs() {
	last=$(dmesg | sed -n 's/^.*mainline_params: //p' | tail -n 1)
	[ "$last" = "$1" ] || fail "the log ends in \"$last\", not in \"$1\""
}

# refuses NAME=VALUE: insmod fails with EINVAL, and nothing stays.
refuses() {
	message=$(insmod /modules/mainline_params.ko "$1" 2>&1) && fail "insmod took $1"
	case $message in
	*"nvalid"*) ;;
	*) fail "$1: insmod says $message" ;;
	esac
	[ ! -e /sys/module/mainline_params ] || fail "$1: the module is there"
}

insmod /modules/mainline_params.ko
logs "level 3, offset -20, step 1000000, limit 18446744073709551615"
[ ! -e /sys/module/mainline_params/parameters ] || fail "sysfs has parameters"
rmmod mainline_params
logs "unloaded at level 3; the first step led to 999980"

# One alone, and all of them: the ends of their ranges, and other bases.
insmod /modules/mainline_params.ko offset=100
logs "level 3, offset 100, step 1000000, limit 18446744073709551615"
rmmod mainline_params
insmod /modules/mainline_params.ko level=255 offset=-32768 step=-2147483648 limit=0
logs "level 255, offset -32768, step -2147483648, limit 0"
rmmod mainline_params
logs "unloaded at level 255; the first step led to -2147516416"
insmod /modules/mainline_params.ko level=0x10 offset=0b11 step=-0o17
logs "level 16, offset 3, step -15, limit 18446744073709551615"
rmmod mainline_params

refuses level=256
refuses level=-1
refuses offset=-32769
refuses offset=32768
refuses step=2147483648
refuses limit=18446744073709551616
refuses limit=-1
refuses level=three
refuses level=
refuses level

# The type has room for this one, but the module has no use for it.
refuses step=0
logs "there is no step of 0"

# Nothing is left of the values of old.
insmod /modules/mainline_params.ko
logs "level 3, offset -20, step 1000000, limit 18446744073709551615"
rmmod mainline_params
