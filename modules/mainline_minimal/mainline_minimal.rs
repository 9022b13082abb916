// SPDX-License-Identifier: GPL-2.0
//! The smallest module that does something, written to the kernel's own crates.

use kernel::prelude::*;

module! {
    type: Minimal,
    name: "mainline_minimal",
    description: "A module that greets and keeps a few numbers",
    license: "GPL",
}

struct Minimal {
    numbers: KVec<i32>,
}

impl kernel::Module for Minimal {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut numbers = KVec::new();
        for number in [72, 108, 200] {
            numbers.push(number, GFP_KERNEL)?;
        }
        pr_info!("loaded with {} numbers\n", numbers.len());
        Ok(Minimal { numbers })
    }
}

impl Drop for Minimal {
    fn drop(&mut self) {
        pr_info!("unloaded; my numbers were {:?}\n", self.numbers);
    }
}
