# SPDX-License-Identifier: GPL-2.0
# init compares lists with vectors; the device's list is compared with a file.

set -eu

fail() {
	echo "rust_list: $*" >&2
	exit 1
}

device=/dev/rust_list

# same WHAT: whether the device holds what /tmp/model does.
same() {
	cat $device >/tmp/list
	cmp /tmp/model /tmp/list || fail "$1: $(tr '\n' ' ' </tmp/list)"
}

insmod /modules/rust_list.ko || fail "the comparison in init failed"
for owner in Box Arc Ref; do
	dmesg | grep -q "rust_list: List<$owner>: 5000 operations\$" || fail "List<$owner>"
done
dmesg | grep -q 'rust_list: 0 entries are left$' || fail "init leaves entries behind"

: >/tmp/model
same "a new list"
! echo pop >$device 2>/dev/null || fail "pop of an empty list"

seq 1 1000 >/tmp/model
while read -r number; do
	echo "push $number"
done </tmp/model >$device
same push

# From the front, from the end, from the middle.
for number in 1 1000 500 501; do
	echo "remove $number" >$device
done
sed -i '/^1$/d; /^1000$/d; /^50[01]$/d' /tmp/model
same remove
! echo "remove 500" >$device 2>/dev/null || fail "500 was removed twice"

printf 'pop\npop\n' >$device
sed -i 1,2d /tmp/model
same pop

echo double >$device
awk '{ print 2 * $1 }' /tmp/model >/tmp/doubled
mv /tmp/doubled /tmp/model
same double

! echo "push x" >$device 2>/dev/null || fail "x is no number"

exec 3<$device
! rmmod rust_list 2>/dev/null || fail "rmmod while open"
exec 3<&-

# All that is left goes with the list.
rmmod rust_list
dmesg | grep -q 'rust_list: Rust list sample (exit) with 0 entries$' || fail "entries were leaked"

insmod /modules/rust_list.ko
: >/tmp/model
same "the list of a reloaded module"
rmmod rust_list
