// SPDX-License-Identifier: GPL-2.0

//! A device that gives random bytes. What is written to it is mixed into the kernel's pool.

#![no_std]
#![feature(allocator_api, global_asm)]

use kernel::prelude::*;
use kernel::{
    c_str,
    file::File,
    file_operations::FileOperations,
    io_buffer::{IoBufferReader, IoBufferWriter},
    miscdev, random,
};

module! {
    type: RustRandom,
    name: b"rust_random",
    author: b"The scons-kmod authors",
    description: b"Rust sample of the random number generator",
    license: b"GPL v2",
}

/// How much is on the stack at once, in bytes.
const CHUNK: usize = 128;

#[derive(Default)]
struct RandomFile;

impl FileOperations for RandomFile {
    kernel::declare_file_operations!(read, write, read_iter, write_iter);

    fn read<T: IoBufferWriter>(_: &Self, file: &File, data: &mut T, _: u64) -> Result<usize> {
        let total = data.len();
        let mut chunk = [0; CHUNK];
        while !data.is_empty() {
            let len = data.len().min(CHUNK);
            if file.is_blocking() {
                random::getrandom(&mut chunk[..len])?;
            } else {
                random::getrandom_nonblock(&mut chunk[..len])?;
            }
            data.write_slice(&chunk[..len])?;
        }
        Ok(total)
    }

    fn write<T: IoBufferReader>(_: &Self, _: &File, data: &mut T, _: u64) -> Result<usize> {
        let total = data.len();
        let mut chunk = [0; CHUNK];
        while !data.is_empty() {
            let len = data.len().min(CHUNK);
            data.read_slice(&mut chunk[..len])?;
            random::add_randomness(&chunk[..len]);
        }
        Ok(total)
    }
}

struct RustRandom {
    _dev: Pin<Box<miscdev::Registration>>,
}

impl KernelModule for RustRandom {
    fn init() -> Result<Self> {
        let name = c_str!("rust_random");
        Ok(RustRandom {
            _dev: miscdev::Registration::new_pinned::<RandomFile>(name, None, ())?,
        })
    }
}
