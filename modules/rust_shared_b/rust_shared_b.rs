// SPDX-License-Identifier: GPL-2.0

//! The other one of two modules that are linked with the same crate.

#![no_std]

use kernel::prelude::*;

module! {
    type: RustSharedB,
    name: b"rust_shared_b",
    author: b"scons-kmod",
    description: b"A crate in two modules, this is the second",
    license: b"GPL v2",
}

struct RustSharedB;

impl KernelModule for RustSharedB {
    fn init() -> Result<Self> {
        let (number, before) = shared_crate::fibonacci(20);
        pr_info!("number 20 is {number}, asked {before} times before\n");
        let (one, two) = shared_crate::sizes::<u32>();
        pr_info!("one is of {one} bytes, two are of {two}\n");
        Ok(RustSharedB)
    }
}
