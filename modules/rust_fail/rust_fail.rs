// SPDX-License-Identifier: GPL-2.0

//! A module that fails to load, after it has registered a device.

#![no_std]
#![feature(allocator_api, global_asm)]

use kernel::prelude::*;
use kernel::{c_str, file_operations::FileOperations, miscdev};

module! {
    type: RustFail,
    name: b"rust_fail",
    author: b"Zhang Junyu",
    description: b"Rust sample of a failing init",
    license: b"GPL v2",
}

#[derive(Default)]
struct NoOperations;

impl FileOperations for NoOperations {
    kernel::declare_file_operations!();
}

struct RustFail;

impl KernelModule for RustFail {
    fn init() -> Result<Self> {
        let _device =
            miscdev::Registration::new_pinned::<NoOperations>(c_str!("rust_fail"), None, ())?;
        let vector_too_large = Vec::<u8>::new().try_reserve(usize::MAX / 4);
        pr_info!("{:?}\n", vector_too_large.map_err(Error::from));
        pr_info!("{:?}, on purpose\n", Error::ENXIO);
        // The device goes away here, before `init_module` returns.
        Err(Error::ENXIO)
    }
}
