# SPDX-License-Identifier: GPL-2.0
# insmod reports the errno of init, and nothing stays registered.

set -eu

fail() {
	echo "rust_fail: $*" >&2
	exit 1
}

for attempt in 1 2 3; do
	message=$(insmod /modules/rust_fail.ko 2>&1) && fail "insmod succeeded"
	case $message in
	*"No such device or address"*) ;;
	*) fail "insmod says: $message" ;;
	esac
	[ ! -e /dev/rust_fail ] || fail "/dev/rust_fail is still there"
	! grep rust_fail /proc/misc || fail "the device is still registered"
	! grep rust_fail /proc/modules || fail "the module is still loaded"
done

dmesg | grep -q 'rust_fail: Err(ENOMEM)$' || fail "no ENOMEM in the log"
dmesg | grep -q 'rust_fail: ENXIO, on purpose$' || fail "no ENXIO in the log"
