# SPDX-License-Identifier: MIT
# Loads and unloads the whole set of modules 110 times, and sees that the kernel's memory does not grow.
# A module whose init fails is in the set: what it has allocated must be gone too.

set -eu

# After these, caches and lists have their size.
warm=10
rounds=100
# Objects that may be about by chance, on a machine that is busy; one that is lost in each round makes 100.
slack=90

# The console is slow; the log, which is judged, gets everything.
dmesg -n 1
# Unloading waits for grace periods, several jiffies each; nothing here is about them.
echo 1 >/sys/kernel/rcu_expedited

# The files are in an order in which they can be loaded.
more=$(/tests/bin/reload $warm $rounds $(cat /tests/order))
echo "after $rounds rounds: $more objects more"
[ "$more" -lt $slack ]
