# SPDX-License-Identifier: GPL-2.0
# However soon the module is unloaded, each job is done before it is gone, and only once.

set -eu

fail() {
	echo "mainline_workqueue: $*" >&2
	exit 1
}

for round in 1 2 3 4 5 6 7 8; do
	insmod /modules/mainline_workqueue.ko || fail "round $round: insmod"
	rmmod mainline_workqueue || fail "round $round: rmmod"
	dmesg | sed -n 's/^.*mainline_workqueue: //p' >/tmp/printed
	# In which order the jobs are done is up to the workqueue.
	for line in "added 1" "added 10" "added 100" "added 1000" waiting "unloaded at 1111"; do
		count=$(grep -cx "$line" /tmp/printed) || true
		[ "$count" = $round ] || fail "round $round: $count times \"$line\""
	done
	[ "$(tail -n 1 /tmp/printed)" = "unloaded at 1111" ] || fail "round $round: $(tail -n 1 /tmp/printed) comes last"
done
