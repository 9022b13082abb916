# SPDX-License-Identifier: GPL-2.0
# The settings are read and written in /proc/sys, and are gone with the module.

set -eu

fail() {
	echo "rust_sysctl: $*" >&2
	exit 1
}

settings=/proc/sys/rust_sysctl

# is NAME VALUE
is() {
	[ "$(cat $settings/"$1")" = "$2" ] || fail "$1 is $(cat $settings/"$1"), not $2"
}

# refused NAME VALUE: the value is not one
refused() {
	message=$(printf %s "$2" | dd of=$settings/"$1" 2>&1) && fail "$1 took '$2'"
	case $message in
	*"Invalid argument"*) ;;
	*) fail "$1, '$2': $message" ;;
	esac
}

insmod /modules/rust_sysctl.ko
is enabled 1
is state 1
is limit 100
[ "$(stat -c %a $settings/enabled)" = 644 ] || fail "mode $(stat -c %a $settings/enabled)"
[ "$(stat -c %a $settings/state)" = 444 ] || fail "mode $(stat -c %a $settings/state)"

echo 0 >$settings/enabled
is enabled 0
is state 0
echo " 1 " >$settings/enabled
is state 1
refused enabled 2
refused enabled yes
is enabled 1

echo 4294967295 >$settings/limit
is limit 4294967295
refused limit 4294967296
refused limit -1
is limit 4294967295
echo 7 >$settings/limit

! echo 0 2>/dev/null >$settings/state || fail "the read-only file was written to"
is state 1

# All of the value comes by small reads, too, or at least no byte twice.
[ "$(dd if=$settings/limit bs=64 2>/dev/null)" = 7 ] || fail "dd"

rmmod rust_sysctl
[ ! -e $settings ] || fail "$settings is still there"
dmesg | grep -q 'rust_sysctl: the limit was 7$' || fail "the module did not see the limit"

insmod /modules/rust_sysctl.ko
is limit 100
rmmod rust_sysctl
