// SPDX-License-Identifier: GPL-2.0

//! A minimal module: it prints, keeps objects on the heap while it is loaded, and frees them.

#![no_std]
#![feature(allocator_api, global_asm)]

use kernel::prelude::*;

module! {
    type: RustMinimal,
    name: b"rust_minimal",
    author: b"Zhang Junyu",
    description: b"Rust minimal sample",
    license: b"GPL v2",
}

struct RustMinimal {
    message: String,
    numbers: Vec<i32>,
}

impl KernelModule for RustMinimal {
    fn init() -> Result<Self> {
        pr_info!("Rust minimal sample (init)\n");

        let mut numbers = Vec::new();
        numbers.try_reserve(3)?;
        numbers.extend([72, 108, 200]);

        let mut message = String::new();
        message.try_reserve(16)?;
        message.push_str("on the heap");

        Ok(RustMinimal { message, numbers })
    }
}

impl Drop for RustMinimal {
    fn drop(&mut self) {
        pr_info!("My message is {}\n", self.message);
        pr_info!("My numbers are {:?}\n", self.numbers);
        pr_info!("Rust minimal sample (exit)\n");
    }
}
