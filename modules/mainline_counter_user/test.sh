# SPDX-License-Identifier: GPL-2.0
# What one module counts, another one keeps.

set -eu

fail() {
	echo "mainline_counter_user: $*" >&2
	exit 1
}

insmod /modules/mainline_counter.ko || fail "insmod"
insmod /modules/mainline_counter_user.ko || fail "insmod of the user"
! rmmod mainline_counter 2>/dev/null || fail "unloaded while it is used"
rmmod mainline_counter_user || fail "rmmod of the user"
insmod /modules/mainline_counter_user.ko || fail "insmod of the user once more"
for numbers in "1 and 2" "3 and 4"; do
	dmesg | grep -qF "mainline_counter_user: counted $numbers" || fail "counted otherwise than $numbers"
done
rmmod mainline_counter_user
rmmod mainline_counter || fail "rmmod"
