#!/bin/sh
# SPDX-License-Identifier: MIT
#
# load.sh FILE.ko...
# The test of a module that has no test of its own. It loads the files in this order and checks that each module is
# loaded. Then it unloads them in reverse order and checks that each is gone.

fail() {
	echo "$*" >&2
	exit 1
}

# module_name FILE.ko
# Prints the name that the kernel gives the module in the file.
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
