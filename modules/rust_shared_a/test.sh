# SPDX-License-Identifier: GPL-2.0
# The crate that is linked into this module counts its calls for this module alone.

set -eu

fail() {
	echo "rust_shared_a: $*" >&2
	exit 1
}

insmod /modules/rust_shared_a.ko || fail "insmod"
cat <<-END >/tmp/expected
	number 10 is 55, asked 0 times before
	number 90 is 2880067194370816120, asked 1 times before
END
dmesg | sed -n '/taint/d; s/^.*rust_shared_a: //p' >/tmp/printed
diff /tmp/expected /tmp/printed || fail "the log differs"
rmmod rust_shared_a || fail "rmmod"
