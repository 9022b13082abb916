# SPDX-License-Identifier: GPL-2.0
# The crate that is linked into this module works in it; another module with the same crate would not be in its way.

set -eu

fail() {
	echo "rust_shared_b: $*" >&2
	exit 1
}

insmod /modules/rust_shared_b.ko || fail "insmod"
cat <<-END >/tmp/expected
	number 20 is 6765, asked 0 times before
	one is of 4 bytes, two are of 8
END
dmesg | sed -n '/taint/d; s/^.*rust_shared_b: //p' >/tmp/printed
diff /tmp/expected /tmp/printed || fail "the log differs"
rmmod rust_shared_b || fail "rmmod"
