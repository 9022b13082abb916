# SPDX-License-Identifier: GPL-2.0
# The driver is bound to a device by hand, through sysfs, and taken off it by hand or by rmmod.

set -eu

fail() {
	echo "rust_platdev: $*" >&2
	exit 1
}

# count TEXT NUMBER: so often is it in the log.
count() {
	[ "$(dmesg | grep -cF "rust_platdev: $1")" = "$2" ] || fail "not $2 times in the log: $1"
}

driver=/sys/bus/platform/drivers/rust_platdev
# The speaker's driver is no part of the VM, so that the device is free.
device=pcspkr

[ -e /sys/bus/platform/devices/$device ] || fail "no $device among $(ls /sys/bus/platform/devices)"
[ ! -e /sys/bus/platform/devices/$device/driver ] || fail "$device has a driver"

insmod /modules/rust_platdev.ko
[ -d $driver ] || fail "no $driver"
[ "$(readlink -f $driver/module)" = /sys/module/rust_platdev ] || fail "the driver is not the module's"
count probe 0

echo rust_platdev >/sys/bus/platform/devices/$device/driver_override
for round in 1 2 3; do
	echo $device >$driver/bind
	[ -e $driver/$device ] || fail "round $round: not bound"
	count "probe -1" $round
	echo $device >$driver/unbind
	[ ! -e $driver/$device ] || fail "round $round: still bound"
	count "remove -1: kept for the device" $round
done

# rmmod takes the driver off its device.
echo $device >$driver/bind
count "probe -1" 4
rmmod rust_platdev
count "remove -1: kept for the device" 4
[ ! -e $driver ] || fail "$driver is still there"
[ ! -e /sys/bus/platform/devices/$device/driver ] || fail "$device still has a driver"

# The device that is free asks for this driver: loading is enough.
insmod /modules/rust_platdev.ko
[ -e $driver/$device ] || fail "not bound by loading"
echo >/sys/bus/platform/devices/$device/driver_override
rmmod rust_platdev
count "remove -1: kept for the device" 5
