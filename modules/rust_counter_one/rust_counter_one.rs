// SPDX-License-Identifier: GPL-2.0

//! One of two modules that use the crate of a third.

#![no_std]

use kernel::prelude::*;
use rust_counter::{count, totals, Event};

module! {
    type: RustCounterOne,
    name: b"rust_counter_one",
    author: b"The scons-kmod authors",
    description: b"The first user of another module's crate",
    license: b"GPL v2",
}

struct RustCounterOne;

impl KernelModule for RustCounterOne {
    fn init() -> Result<Self> {
        count(Event::Came { bytes: 40 });
        pr_info!("{:?}\n", totals());
        Ok(RustCounterOne)
    }
}

impl Drop for RustCounterOne {
    fn drop(&mut self) {
        count(Event::Went);
    }
}
