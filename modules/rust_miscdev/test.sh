# SPDX-License-Identifier: GPL-2.0
# The device gives back what was written, refuses what it cannot keep, and
# holds the module while it is open.

set -eu

fail() {
	echo "rust_miscdev: $*" >&2
	exit 1
}

device=/dev/rust_miscdev

insmod /modules/rust_miscdev.ko
[ -c $device ] || fail "no $device"
[ -z "$(cat $device)" ] || fail "the new device is not empty"

# What one process writes, another reads; a shorter text replaces a longer one.
echo "a longer text to begin with" >$device
[ "$(cat $device)" = "a longer text to begin with" ] || fail "read: $(cat $device)"
echo hello >$device
[ "$(cat $device)" = hello ] || fail "read: $(cat $device)"

# Several writes to one open file follow each other, and so do several reads.
(echo one && echo two) >$device
[ "$(dd if=$device bs=1 2>/dev/null)" = "$(printf 'one\ntwo')" ] || fail "read: $(cat $device)"

# Binary content, up to the capacity, comes back as it was.
dd if=/proc/self/exe of=/tmp/binary bs=4096 count=1 2>/dev/null
cat /tmp/binary >$device
cmp /tmp/binary $device || fail "binary content differs"

# The capacity ends a larger write: a part of it is kept.
message=$(dd if=/dev/zero of=$device bs=8192 count=1 2>&1) && fail "8192 bytes were taken"
case $message in
*"No space left on device"*) ;;
*) fail "dd says: $message" ;;
esac
[ "$(wc -c <$device)" = 4096 ] || fail "$(wc -c <$device) bytes are kept"

# An open file holds the module.
exec 3<$device
! rmmod rust_miscdev 2>/dev/null || fail "rmmod while open"
exec 3<&-

rmmod rust_miscdev
[ ! -e $device ] || fail "$device is still there"

# Nothing of the old load is left for the next one.
insmod /modules/rust_miscdev.ko
[ -z "$(cat $device)" ] || fail "the reloaded device is not empty"
rmmod rust_miscdev
