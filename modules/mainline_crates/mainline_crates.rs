// SPDX-License-Identifier: GPL-2.0
//! A module of several crates: its own, a proc macro, and one of somebody else.

use kernel::prelude::*;
use stack::Stack;

module! {
    type: Crates,
    name: "mainline_crates",
    description: "Several crates in one module",
    license: "GPL",
}

struct Crates {
    stack: Stack,
}

impl kernel::Module for Crates {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        for word in ranks::ranked!(stack ranks tiny_log) {
            pr_info!("{word}\n");
        }
        let mut stack = Stack::new()?;
        for number in [10, 200, 3000, 40000] {
            stack.push(number)?;
        }
        pr_info!("a fifth fits: {}\n", stack.push(5).is_ok());
        Ok(Crates { stack })
    }
}

impl Drop for Crates {
    fn drop(&mut self) {
        let sum = self.stack.sum();
        let log = tiny_log::log2(sum);
        pr_info!("version {}: log2 of {sum} is {log:?}\n", tiny_log::MAJOR);
    }
}
