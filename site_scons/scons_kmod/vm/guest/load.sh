#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The test of a module that brings none of its own: load.sh FILE.ko... loads the files in this order, sees that each is
# there, unloads them in the reverse order and sees that each is gone.

fail() {
	echo "$*" >&2
	exit 1
}

# Prints the name that the kernel gives the module in file $1.
module_name() {
	basename "$1" .ko | tr - _
}

unload=
for file in "$@"; do
	name=$(module_name "$file")
	insmod "$file" || fail "insmod of $name failed"
	grep -q "^$name " /proc/modules || fail "$name is not in /proc/modules after insmod"
	unload="$name $unload"
done
for name in $unload; do
	rmmod "$name" || fail "rmmod of $name failed"
	! grep -q "^$name " /proc/modules || fail "$name is still in /proc/modules after rmmod"
done
