// SPDX-License-Identifier: GPL-2.0

//! A module that is one misc device and nothing else, which gives back what was written last.

#![no_std]
#![feature(allocator_api, global_asm)]

use core::sync::atomic::{AtomicU64, Ordering};
use kernel::prelude::*;
use kernel::{
    file::File,
    file_operations::FileOperations,
    io_buffer::{IoBufferReader, IoBufferWriter},
};

module_misc_device! {
    type: Echo,
    name: b"rust_misc_macro",
    author: b"The scons-kmod authors",
    description: b"Rust sample of module_misc_device!",
    license: b"GPL v2",
}

/// One open file, and the eight bytes that it holds.
#[derive(Default)]
struct Echo {
    bytes: AtomicU64,
}

impl FileOperations for Echo {
    kernel::declare_file_operations!(read, write);

    fn read<T: IoBufferWriter>(this: &Echo, _: &File, data: &mut T, _: u64) -> Result<usize> {
        data.write(&this.bytes.load(Ordering::Relaxed))?;
        Ok(8)
    }

    fn write<T: IoBufferReader>(this: &Echo, _: &File, data: &mut T, _: u64) -> Result<usize> {
        this.bytes.store(data.read()?, Ordering::Relaxed);
        Ok(8)
    }
}
