# SPDX-License-Identifier: GPL-2.0
# insmod sets parameters, sysfs shows and changes them, and what is no value is refused.

set -eu

fail() {
	echo "rust_module_parameters: $*" >&2
	exit 1
}

# load [NAME=VALUE]...: from here on, the log is read from this load on.
load() {
	insmod /modules/rust_module_parameters.ko "$@"
	loads=$((${loads:-0} + 1))
}

# The log since the last load.
log() {
	dmesg | awk -v loads="$loads" '/sample \(init\)/ { n++ } n == loads'
}

logged() {
	log | grep -qF "rust_module_parameters: $1" || fail "not in the log: $1"
}

parameters=/sys/module/rust_module_parameters/parameters

# shows NAME VALUE: sysfs does.
shows() {
	[ "$(cat $parameters/$1)" = "$2" ] || fail "$1 is $(cat $parameters/$1), not $2"
}

# refuses NAME=VALUE: insmod fails with EINVAL, and nothing stays.
refuses() {
	message=$(insmod /modules/rust_module_parameters.ko "$1" 2>&1) && fail "insmod took $1"
	case $message in
	*"nvalid"*) ;;
	*) fail "$1: insmod says $message" ;;
	esac
	[ ! -e $parameters ] || fail "$1: sysfs has it still"
}

# Without a word, all have their defaults.
load
logged "my_bool: true"
logged "my_switch: false"
logged "my_8: -8 8"
logged "my_16: -16 16"
logged "my_i32: 42"
logged "my_u32: 32"
logged "my_64: -9223372036854775808 18446744073709551615"
logged "my_isize: -1"
logged "my_usize: 42"
logged "my_str: default str val"
logged "my_array: [0, 1]"
logged "my_bools: [true]"
shows my_bool Y
shows my_i64 -9223372036854775808
shows my_u64 18446744073709551615
shows my_str "default str val"
[ ! -e $parameters/my_array ] || fail "permissions 0 and a file in sysfs"
[ "$(stat -c %a $parameters/my_i8)" = 444 ] || fail "mode of my_i8"
[ "$(stat -c %a $parameters/my_i32)" = 644 ] || fail "mode of my_i32"
[ "$(stat -c %a $parameters/my_isize)" = 400 ] || fail "mode of my_isize"
rmmod rust_module_parameters

# Each kind is set by insmod.
load my_bool=n my_switch my_i8=-128 my_u8=0xff my_i16=-0x8000 my_u16=0177777 my_i32=-345543 my_u32=4294967295 \
	my_i64=9223372036854775807 my_u64=0 my_isize=7 my_usize=84 my_str=🦀mod my_array=1,-2,3 my_bools=0,1
logged "my_bool: false"
logged "my_switch: true"
logged "my_8: -128 255"
logged "my_16: -32768 65535"
logged "my_i32: -345543"
logged "my_u32: 4294967295"
logged "my_64: 9223372036854775807 0"
logged "my_isize: 7"
logged "my_usize: 84"
logged "my_str: 🦀mod"
logged "my_array: [1, -2, 3]"
logged "my_bools: [false, true]"
shows my_bool N
shows my_u16 65535
shows my_i32 -345543
shows my_isize 7
shows my_str 🦀mod

# sysfs changes what may be changed, and what it refuses stays as it was.
echo 77 >$parameters/my_i32
shows my_i32 77
(echo 2147483648 >$parameters/my_i32) 2>/dev/null && fail "my_i32 took 2^31"
(echo seven >$parameters/my_i32) 2>/dev/null && fail "my_i32 took a word"
shows my_i32 77
echo true >$parameters/my_bool
shows my_bool Y
echo -n "a new string" >$parameters/my_str
shows my_str "a new string"
echo -n "$(head -c 3000 /dev/zero | tr '\0' x)" >$parameters/my_str
[ "$(wc -c <$parameters/my_str)" = 3001 ] || fail "$(wc -c <$parameters/my_str) bytes of my_str"
echo -n "the last" >$parameters/my_str
rmmod rust_module_parameters
[ "$(log | grep -c "my_i32: 77")" = 1 ] || fail "the value of sysfs did not reach the module"
logged "my_str: the last"

refuses my_bool=maybe
refuses my_i8=128
refuses my_i8=-129
refuses my_u8=256
refuses my_u32=-1
refuses my_usize=99999999999999999999
refuses my_i64=1x
refuses my_i32=
refuses my_i32
refuses my_i32=00000000000000000000000000000000000000001
refuses my_array=1,2,3,4
refuses my_array=1,,3
refuses my_array=

# A default is what a later load begins with.
load
logged "my_str: default str val"
rmmod rust_module_parameters
