# SPDX-License-Identifier: MIT
# Loads and unloads the whole set of modules, again and again, and sees that the kernel's memory does not grow.
# A module whose init is made to fail is in the set: what it has allocated must be gone too.

set -eu

rounds=100
# After these, caches and per-processor lists have their size.
warm=20
# Objects of all kmalloc caches that may be about by chance; one that is lost in each round makes 80.
slack=40

# Objects in use in the kmalloc caches, once freed memory has been given back. The kernel takes a processor's current
# slab for full: the least of several readings is the one that had few of those.
kmalloc_objects() {
	sleep 1 # what is freed after a grace period, or by a worker, is gone by then
	for reading in 1 2 3 4 5; do
		for cache in /sys/kernel/slab/kmalloc-*; do
			echo 1 >"$cache/shrink"
		done
		awk '/^kmalloc-/ { objects += $2 } END { print objects }' /proc/slabinfo
	done | sort -n | head -n 1
}

pages_in_use() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^MemTotal|^MemFree/ { kib[$1] = $2 } END { print (kib["MemTotal:"] - kib["MemFree:"]) / 4 }' /proc/meminfo
}

reload() {
	/tests/bin/reload "$1" /modules/*.ko
}

# The console is slow; the log, which is judged, gets everything.
dmesg -n 1
# Unloading waits for grace periods, several jiffies each; nothing here is about them.
echo 1 >/sys/kernel/rcu_expedited
reload $warm
objects=$(kmalloc_objects)
pages=$(pages_in_use)
reload $((rounds - warm))
more_objects=$(($(kmalloc_objects) - objects))
more_pages=$(($(pages_in_use) - pages))
echo "after $((rounds - warm)) more rounds: $more_objects objects, $more_pages pages more"
[ "$more_objects" -lt "$slack" ]
# One page that is lost in each round makes 80.
[ "$more_pages" -lt "$slack" ]
