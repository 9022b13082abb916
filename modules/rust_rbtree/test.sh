# SPDX-License-Identifier: GPL-2.0
# Thousands of operations leave in the tree what they leave in awk's array.

set -eu

fail() {
	echo "rust_rbtree: $*" >&2
	exit 1
}

device=/dev/rust_rbtree

insmod /modules/rust_rbtree.ko
# Of the keys 0..9 each has 990 + key; adding the key and halving gives 495 + key.
dmesg | grep -qF "rust_rbtree: keys 45, values 4995, left 9, moved Some(496) true" || fail "nodes: $(dmesg | grep 'rust_rbtree: keys')"

[ -z "$(cat $device)" ] || fail "the new tree is not empty"
printf '30 -3\n10 1\n18446744073709551615 9223372036854775807\n20 2\n10 -1\n' >$device
printf '10 -1\n20 2\n30 -3\n18446744073709551615 9223372036854775807\n' >/tmp/expected
cmp /tmp/expected $device || fail "a few entries"

# What is wrong is refused, and changes nothing.
for line in 11 "" x "1 x" "-1 1" "18446744073709551616 1"; do
	(echo "$line" >$device) 2>/dev/null && fail "the device took '$line'"
done
cmp /tmp/expected $device || fail "a refused line changed the tree"
printf '10\n20\n30\n18446744073709551615\n' >$device
[ -z "$(cat $device)" ] || fail "not all is removed: $(cat $device)"

# Random operations: two insert (or replace), one removes, so that the tree grows to some thousands.
awk 'BEGIN {
	srand(2021)
	for (i = 0; i < 20000; i++) {
		key = int(rand() * 9000)
		if (rand() < 0.667) {
			value = int(rand() * 1000000)
			model[key] = value
			print key, value > "/tmp/operations"
		} else if (key in model) {
			delete model[key]
			print key > "/tmp/operations"
		}
	}
	for (key in model)
		print key, model[key] > "/tmp/model"
}'
cat /tmp/operations >$device
sort -n /tmp/model >/tmp/expected
entries=$(wc -l </tmp/expected)
[ "$entries" -gt 3000 ] || fail "only $entries entries"
cmp /tmp/expected $device || fail "$entries entries differ from the model"

# Sequences that a tree without balance would make a list of.
seq 100000 103000 | sed 's/$/ 1/' >$device
seq 99999 -1 97000 | sed 's/$/ 2/' >$device
[ "$(wc -l <$device)" = $((entries + 6001)) ] || fail "$(wc -l <$device) entries"
seq 97000 103000 >$device
cmp /tmp/expected $device || fail "removing the sequences left something"

# An open file holds the module; then a tree with thousands of entries is freed.
exec 3<$device
! rmmod rust_rbtree 2>/dev/null || fail "rmmod while open"
exec 3<&-
rmmod rust_rbtree
insmod /modules/rust_rbtree.ko
[ -z "$(cat $device)" ] || fail "the reloaded tree is not empty"
rmmod rust_rbtree
