// SPDX-License-Identifier: GPL-2.0

//! A module to the kernel's own crates.

use kernel::prelude::*;

module! {
    type: RustCrate,
    name: "rust_crate",
    authors: ["Rust for Linux Contributors"],
    description: "A crate in a Kbuild directory",
    license: "GPL",
}

struct RustCrate;

impl kernel::Module for RustCrate {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        #[cfg(loud)]
        pr_info!("a crate\n");
        Ok(RustCrate)
    }
}
