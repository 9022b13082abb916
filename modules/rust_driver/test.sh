# SPDX-License-Identifier: GPL-2.0
# Messages come out as they went in and in their order; the report tells what C made of them.

set -eu

fail() {
	echo "rust_driver: $*" >&2
	cat /dev/rust_driver_report >&2 || true
	exit 1
}

device=/dev/rust_driver

# reports LINE...: those are lines of the report.
reports() {
	for line; do
		grep -qxF "$line" /dev/rust_driver_report || fail "no line \"$line\""
	done
}

# takes MESSAGE: it is the oldest one.
takes() {
	got=$(dd if=$device bs=512 count=1 2>/dev/null)
	[ "$got" = "$1" ] || fail "\"$got\" was taken, not \"$1\""
}

insmod /modules/rust_driver.ko
reports "rust_driver queue, when full: refuse" "pushed 0 popped 0 dropped 0 refused 0"
takes ""

# The check value of CRC-16/CCITT.
printf 123456789 >$device
reports "last 29b1 sum 000029b1 123456789" "letters 0 digits 9 others 0" "bytes 9 packed to 200% used 24 of 1024"
printf 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' >$device
reports "pushed 2 popped 0 dropped 0 refused 0" "bytes 49 packed to 40% used 32 of 1024"
printf '\001\200"' >$device
grep -q '^last .* \\x01\\x80"$' /dev/rust_driver_report || fail "the last message is not escaped"
reports "letters 40 digits 9 others 3"
takes 123456789
takes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
takes "$(printf '\001\200"')"
takes ""
reports "pushed 3 popped 3 dropped 0 refused 0"

# Around the end of the ring many times.
for round in $(seq 100); do
	echo "message $round of many" >$device
	takes "message $round of many"
done

# 257 bytes are too many, 256 are not.
longest=$(printf '%0256d' 0)
printf "%s" "$longest" >$device
! printf "%s1" "$longest" >$device 2>/dev/null || fail "a message of 257 bytes was taken"
takes "$longest"

# Full: none of them packs, so 1024 bytes hold eight of 60.
text=abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz123
fill() {
	for round in $(seq 10 19); do
		printf "$text%d" "$round" >$device || true
	done 2>/dev/null
}
fill
reports "pushed 112 popped 104 dropped 0 refused 2"
takes "${text}10"

exec 3<$device
! rmmod rust_driver 2>/dev/null || fail "rmmod while open"
exec 3<&-
rmmod rust_driver
[ ! -e $device ] || fail "$device is still there"

insmod /modules/rust_driver.ko drop_oldest=1
reports "rust_driver queue, when full: drop the oldest"
fill
reports "pushed 10 popped 0 dropped 2 refused 0"
takes "${text}12"
rmmod rust_driver
