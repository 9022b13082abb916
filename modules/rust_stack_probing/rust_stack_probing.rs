// SPDX-License-Identifier: GPL-2.0

//! A function with more than a page on its stack, where the compiler probes each page.

#![no_std]
#![feature(allocator_api, global_asm)]
#![feature(bench_black_box)]

use core::hint::black_box;
use kernel::prelude::*;

module! {
    type: RustStackProbing,
    name: b"rust_stack_probing",
    author: b"The scons-kmod authors",
    description: b"Rust stack probing sample",
    license: b"GPL v2",
}

/// More than a page, of 16 KiB in all that a task has on x86-64.
const LENGTH: usize = 514;

static_assert!(LENGTH * core::mem::size_of::<u64>() > kernel::PAGE_SIZE);

struct RustStackProbing;

impl KernelModule for RustStackProbing {
    fn init() -> Result<Self> {
        pr_info!("Rust stack probing sample (init)\n");

        let array = black_box([5u64; LENGTH]);
        pr_info!("Large array has length {}\n", array.len());
        pr_info!("Its sum is {}\n", array.iter().sum::<u64>());

        Ok(RustStackProbing)
    }
}

impl Drop for RustStackProbing {
    fn drop(&mut self) {
        pr_info!("Rust stack probing sample (exit)\n");
    }
}
