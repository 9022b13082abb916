// SPDX-License-Identifier: GPL-2.0

//! A misc device that keeps what is written to it, for all who read it.

#![no_std]
#![feature(allocator_api, global_asm)]

use core::convert::TryInto;
use kernel::prelude::*;
use kernel::{
    c_str,
    file::File,
    file_operations::{FileOpener, FileOperations},
    io_buffer::{IoBufferReader, IoBufferWriter},
    miscdev, mutex_init,
    sync::Mutex,
};

module! {
    type: RustMiscdev,
    name: b"rust_miscdev",
    author: b"Zhang Junyu",
    description: b"Rust misc device sample",
    license: b"GPL v2",
}

/// How much the device keeps, in bytes.
const CAPACITY: usize = 4096;

/// What all files of the device share.
struct SharedState {
    content: Mutex<Vec<u8>>,
}

impl SharedState {
    fn try_new() -> Result<Arc<Self>> {
        let mut state = Arc::try_new(Self {
            // SAFETY: `mutex_init!` is called below.
            content: unsafe { Mutex::new(Vec::new()) },
        })?;
        let content = &mut Arc::get_mut(&mut state).ok_or(Error::EBUSY)?.content;
        // SAFETY: an `Arc` does not move what it owns.
        mutex_init!(
            unsafe { Pin::new_unchecked(content) },
            "SharedState::content"
        );
        Ok(state)
    }
}

/// One open file.
struct Connection;

impl FileOpener<Arc<SharedState>> for Connection {
    fn open(shared: &Arc<SharedState>) -> Result<Self::Wrapper> {
        Ok(shared.clone())
    }
}

impl FileOperations for Connection {
    type Wrapper = Arc<SharedState>;

    kernel::declare_file_operations!(read, write);

    fn read<T: IoBufferWriter>(
        shared: &SharedState,
        _: &File,
        data: &mut T,
        offset: u64,
    ) -> Result<usize> {
        let content = shared.content.lock();
        let start = content.len().min(offset.try_into()?);
        let count = data.len().min(content.len() - start);
        data.write_slice(&content[start..start + count])?;
        Ok(count)
    }

    /// What follows the written bytes is cut off. A hole is refused.
    fn write<T: IoBufferReader>(
        shared: &SharedState,
        _: &File,
        data: &mut T,
        offset: u64,
    ) -> Result<usize> {
        let mut content = shared.content.lock();
        let start = offset.try_into()?;
        if start > content.len() {
            return Err(Error::EINVAL);
        }
        if start >= CAPACITY && !data.is_empty() {
            return Err(Error::ENOSPC);
        }
        let count = data.len().min(CAPACITY - start);
        let mut new = Vec::new();
        new.try_reserve_exact(start + count)?;
        new.extend_from_slice(&content[..start]);
        new.resize(start + count, 0);
        // A bad pointer leaves the old content as it is.
        data.read_slice(&mut new[start..])?;
        *content = new;
        Ok(count)
    }
}

struct RustMiscdev {
    _dev: Pin<Box<miscdev::Registration<Arc<SharedState>>>>,
}

impl KernelModule for RustMiscdev {
    fn init() -> Result<Self> {
        pr_info!("Rust misc device sample (init)\n");

        let state = SharedState::try_new()?;
        Ok(RustMiscdev {
            _dev: miscdev::Registration::new_pinned::<Connection>(
                c_str!("rust_miscdev"),
                None,
                state,
            )?,
        })
    }
}

impl Drop for RustMiscdev {
    fn drop(&mut self) {
        pr_info!("Rust misc device sample (exit)\n");
    }
}
