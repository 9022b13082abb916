# SPDX-License-Identifier: GPL-2.0
# The device knows the thread, the process and the signals of who uses it.

set -eu

fail() {
	echo "rust_task: $*" >&2
	exit 1
}

device=/dev/rust_task

sh -c 'echo $$ >/tmp/pid; exec insmod /modules/rust_task.ko'
dmesg | grep -q "rust_task: Rust task sample (init), loaded by $(cat /tmp/pid)\$" ||
	fail "init ran in another process than insmod $(cat /tmp/pid)"

# The shell opens the file, cat reads it in its place: the process is the same.
line=$(sh -c 'exec 3<'$device'; echo $$; exec cat <&3' | tr '\n' ' ')
set -- $line
[ "$#" = 5 ] || fail "cat gave: $line"
[ "$1" = "$2" ] && [ "$1" = "$3" ] && [ "$1" = "$4" ] && [ "$5" = true ] || fail "cat gave: $line"

# The file is the shell's, and another process reads it.
exec 3<$device
line=$(cat <&3)
set -- $line
[ "$1" = "$2" ] && [ "$1" != "$3" ] && [ "$3" = $$ ] && [ "$4" = false ] || fail "shell $$: $line"
! rmmod rust_task 2>/dev/null || fail "rmmod while open"
exec 3<&-

/tests/bin/threads $device || fail "the program failed"

# A task that works until it is killed.
echo 1 >$device &
writer=$!
sleep 1
kill -KILL $writer
! wait $writer || fail "the writer went on"

rmmod rust_task
insmod /modules/rust_task.ko
rmmod rust_task
