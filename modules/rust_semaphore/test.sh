# SPDX-License-Identifier: GPL-2.0
# Readers wait until a writer adds, each takes one, and a signal interrupts.

set -eu

fail() {
	echo "rust_semaphore: $*" >&2
	exit 1
}

# Whether process $1 sleeps in its read.
waits() {
	[ "$(cut -d ' ' -f 3 "/proc/$1/stat" 2>/dev/null)" = S ]
}

device=/dev/rust_semaphore

insmod /modules/rust_semaphore.ko

# What is there is taken at once, one by one.
printf 123 >$device
for taken in 1 2 3; do
	[ "$(cat $device | wc -c)" = 1 ] || fail "read $taken gave no byte"
done

# Now there is nothing: a reader waits, and cannot be unloaded under.
cat $device >/tmp/taken &
reader=$!
sleep 1
waits $reader || fail "the reader does not wait"
! rmmod rust_semaphore 2>/dev/null || fail "rmmod while a reader waits"
printf 1 >$device
wait $reader || fail "the reader failed"
[ "$(wc -c </tmp/taken)" = 1 ] || fail "the reader got no byte"

# A signal ends the wait.
cat $device &
reader=$!
sleep 1
waits $reader || fail "the second reader does not wait"
kill -TERM $reader
! wait $reader || fail "the second reader got something"

/tests/bin/waiters $device || fail "the program failed"

rmmod rust_semaphore
dmesg | grep -q 'rust_semaphore: 0 are left of at most ' || fail "the semaphore is not dropped"

# Nothing of the old load is left for the next one.
insmod /modules/rust_semaphore.ko
printf 12345 >$device
rmmod rust_semaphore
dmesg | grep -q 'rust_semaphore: 5 are left of at most 5$' || fail "the reloaded semaphore"
