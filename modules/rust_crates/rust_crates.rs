// SPDX-License-Identifier: GPL-2.0

//! A module of several crates: its own, a proc macro, and one of somebody else.

#![no_std]

use kernel::prelude::*;
use tally::{Kind, Tally};
use tiny_bits::Bits;

module! {
    type: RustCrates,
    name: b"rust_crates",
    author: b"scons-kmod",
    description: b"Several crates in one module",
    license: b"GPL v2",
}

#[cfg(greeting = "hello")]
const GREETING: &str = "hello";

struct RustCrates {
    tally: Tally,
}

impl KernelModule for RustCrates {
    fn init() -> Result<Self> {
        pr_info!("{GREETING}, released {}\n", env!("RELEASED"));
        let bytes = b"crates";
        pr_info!("the sum is {}\n", checksum::sum(bytes));
        pr_info!("{} bits are set\n", checksum::weight_of_bits(bytes));
        pr_info!("the third byte is {}\n", checksum::byte_at(bytes, 2));

        let bits = Bits::new(0x8005);
        pr_info!(
            "tiny_bits {}: bit 64 is {:?}\n",
            tiny_bits::VERSION,
            bits.get(64)
        );
        for bit in bits.iter() {
            pr_info!("bit {bit} is set\n");
        }

        let mut tally = Tally::new()?;
        tally.count(Kind::OpenFile);
        tally.count(Kind::ClosedFile);
        tally.count(Kind::OpenFile);
        Ok(RustCrates { tally })
    }
}

impl Drop for RustCrates {
    fn drop(&mut self) {
        for (name, count) in self.tally.all() {
            pr_info!("{name}: {count}\n");
        }
        pr_info!("{} separators\n", self.tally.separators());
    }
}
