// SPDX-License-Identifier: GPL-2.0

//! One of two modules that are linked with the same crate.

#![no_std]

use kernel::prelude::*;

module! {
    type: RustSharedA,
    name: b"rust_shared_a",
    author: b"scons-kmod",
    description: b"A crate in two modules, this is the first",
    license: b"GPL v2",
}

struct RustSharedA;

impl KernelModule for RustSharedA {
    fn init() -> Result<Self> {
        for n in [10, 90] {
            let (number, before) = shared_crate::fibonacci(n);
            pr_info!("number {n} is {number}, asked {before} times before\n");
        }
        Ok(RustSharedA)
    }
}
