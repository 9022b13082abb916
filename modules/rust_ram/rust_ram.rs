// SPDX-License-Identifier: GPL-2.0

//! 64 KiB of memory as a device that is read and written at any position, by one buffer or many.

#![no_std]
#![feature(allocator_api, global_asm)]

use core::convert::TryInto;
use kernel::prelude::*;
use kernel::{
    c_str,
    file::File,
    file_operations::{FileOpener, FileOperations, SeekFrom},
    io_buffer::{IoBufferReader, IoBufferWriter},
    miscdev, mutex_init,
    sync::Mutex,
};

module! {
    type: RustRam,
    name: b"rust_ram",
    author: b"The scons-kmod authors",
    description: b"Rust sample of a device with positions",
    license: b"GPL v2",
}

const SIZE: usize = 65536;

struct Ram {
    content: Mutex<Vec<u8>>,
}

impl Ram {
    fn try_new() -> Result<Pin<Arc<Self>>> {
        let mut content = Vec::new();
        content.try_reserve_exact(SIZE)?;
        content.resize(SIZE, 0);
        let mut ram = Arc::try_new(Self {
            // SAFETY: `mutex_init!` is called below.
            content: unsafe { Mutex::new(content) },
        })?;
        let content = &mut Arc::get_mut(&mut ram).ok_or(Error::EBUSY)?.content;
        // SAFETY: an `Arc` does not move what it owns.
        mutex_init!(unsafe { Pin::new_unchecked(content) }, "Ram::content");
        // SAFETY: it is only handed out pinned.
        Ok(unsafe { Pin::new_unchecked(ram) })
    }
}

/// The part of `wanted` bytes at `offset` that there is.
fn part(offset: u64, wanted: usize) -> Result<core::ops::Range<usize>> {
    let start = SIZE.min(offset.try_into()?);
    Ok(start..start + wanted.min(SIZE - start))
}

impl FileOpener<Pin<Arc<Ram>>> for Ram {
    fn open(ram: &Pin<Arc<Ram>>) -> Result<Self::Wrapper> {
        Ok(ram.clone())
    }
}

impl FileOperations for Ram {
    type Wrapper = Pin<Arc<Ram>>;

    kernel::declare_file_operations!(read, read_iter, write, write_iter, seek, fsync);

    fn read<T: IoBufferWriter>(this: &Ram, _: &File, data: &mut T, offset: u64) -> Result<usize> {
        let part = part(offset, data.len())?;
        data.write_slice(&this.content.lock()[part.clone()])?;
        Ok(part.len())
    }

    fn write<T: IoBufferReader>(this: &Ram, _: &File, data: &mut T, offset: u64) -> Result<usize> {
        let part = part(offset, data.len())?;
        if part.is_empty() && !data.is_empty() {
            return Err(Error::ENOSPC);
        }
        data.read_slice(&mut this.content.lock()[part.clone()])?;
        Ok(part.len())
    }

    fn seek(_: &Ram, file: &File, offset: SeekFrom) -> Result<u64> {
        let (base, distance) = match offset {
            SeekFrom::Start(position) => (position, 0),
            SeekFrom::Current(distance) => (file.pos(), distance),
            SeekFrom::End(distance) => (SIZE as u64, distance),
        };
        base.checked_add_signed(distance)
            .filter(|position| *position <= SIZE as u64)
            .ok_or(Error::EINVAL)
    }

    /// There is nothing to wait for: it says what it was asked.
    fn fsync(_: &Ram, _: &File, start: u64, end: u64, datasync: bool) -> Result<u32> {
        pr_info!(
            "fsync from {} to {:#x}, datasync {}\n",
            start,
            end,
            datasync
        );
        Ok(0)
    }

    fn release(_: Self::Wrapper, file: &File) {
        pr_info!("closed at {}\n", file.pos());
    }
}

struct RustRam {
    _dev: Pin<Box<miscdev::Registration<Pin<Arc<Ram>>>>>,
}

impl KernelModule for RustRam {
    fn init() -> Result<Self> {
        let ram = Ram::try_new()?;
        Ok(RustRam {
            _dev: miscdev::Registration::new_pinned::<Ram>(c_str!("rust_ram"), None, ram)?,
        })
    }
}
