// SPDX-License-Identifier: GPL-2.0

//! One of two modules that use the crate of a third.

#![no_std]

use kernel::prelude::*;
use rust_counter::{count_all, totals, Event};

module! {
    type: RustCounterTwo,
    name: b"rust_counter_two",
    author: b"The scons-kmod authors",
    description: b"The second user of another module's crate",
    license: b"GPL v2",
}

struct RustCounterTwo;

impl KernelModule for RustCounterTwo {
    fn init() -> Result<Self> {
        let counted = count_all((1..4).map(|bytes| Event::Came { bytes }));
        pr_info!("{} events, {:?}\n", counted, totals());
        Ok(RustCounterTwo)
    }
}
