// SPDX-License-Identifier: GPL-2.0

//! A crate that calls C.

use kernel::prelude::*;

module! {
    type: RustAndC,
    name: "rust_and_c",
    authors: ["Rust for Linux Contributors"],
    description: "Rust and C in a Kbuild directory",
    license: "GPL",
}

extern "C" {
    fn of_c(x: i32) -> i32;
}

struct RustAndC;

impl kernel::Module for RustAndC {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        // SAFETY: It is a function that takes any number.
        pr_info!("{}\n", unsafe { of_c(2) });
        Ok(RustAndC)
    }
}
