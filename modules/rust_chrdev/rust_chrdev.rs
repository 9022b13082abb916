// SPDX-License-Identifier: GPL-2.0

//! Three character devices of one major number. Each says which one it is.

#![no_std]
#![feature(allocator_api, global_asm)]

use core::fmt::Write;
use kernel::prelude::*;
use kernel::{
    buffer::Buffer, c_str, chrdev, file::File, file_operations::FileOperations,
    io_buffer::IoBufferWriter,
};

module! {
    type: RustChrdev,
    name: b"rust_chrdev",
    author: b"The scons-kmod authors",
    description: b"Rust character device sample",
    license: b"GPL v2",
}

#[derive(Default)]
struct Numbered<const NUMBER: usize>;

impl<const NUMBER: usize> FileOperations for Numbered<NUMBER> {
    kernel::declare_file_operations!(read);

    fn read<T: IoBufferWriter>(_: &Self, _: &File, data: &mut T, offset: u64) -> Result<usize> {
        let mut memory = [0; 32];
        let mut text = Buffer::new(&mut memory);
        write!(text, "device number {}\n", NUMBER).map_err(|_| Error::EINVAL)?;
        let len = text.bytes_written();

        let start = len.min(offset as usize);
        let count = data.len().min(len - start);
        data.write_slice(&memory[start..start + count])?;
        Ok(count)
    }
}

struct RustChrdev {
    _dev: Pin<Box<chrdev::Registration<3>>>,
}

impl KernelModule for RustChrdev {
    fn init() -> Result<Self> {
        pr_info!("Rust character device sample (init)\n");

        let mut dev = chrdev::Registration::new_pinned(c_str!("rust_chrdev"), 5, &THIS_MODULE)?;
        dev.as_mut().register::<Numbered<0>>()?;
        dev.as_mut().register::<Numbered<1>>()?;
        dev.as_mut().register::<Numbered<2>>()?;
        if let Err(error) = dev.as_mut().register::<Numbered<3>>() {
            pr_info!("a fourth of three devices: {:?}\n", error);
        }

        Ok(RustChrdev { _dev: dev })
    }
}

impl Drop for RustChrdev {
    fn drop(&mut self) {
        pr_info!("Rust character device sample (exit)\n");
    }
}
