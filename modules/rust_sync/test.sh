# SPDX-License-Identifier: GPL-2.0
# init uses each primitive, and prints what it found.

set -eu

fail() {
	echo "rust_sync: $*" >&2
	exit 1
}

insmod /modules/rust_sync.ko
rmmod rust_sync

# The kernel itself prints about the module before that.
dmesg | sed -n '/Rust sync.*(init)/,$s/^.*rust_sync: //p' >/tmp/printed
cat >/tmp/expected <<END
Rust synchronisation primitives sample (init)
Mutex: 10
SpinLock: 20
LockedBy: 4 of 26
Ref: true false
Ref: true a triangle
Ref: 3 corners
Ref: another triangle is dropped
Ref: a triangle is left
Ref: a triangle is dropped
TryPin: 40
build_assert: [1, 2]
ScopeGuard: entered
ScopeGuard: left
Rust synchronisation primitives sample (exit)
END
diff /tmp/expected /tmp/printed || fail "the log differs"

for round in 1 2 3; do
	insmod /modules/rust_sync.ko || fail "round $round: insmod"
	rmmod rust_sync || fail "round $round: rmmod"
done
