// SPDX-License-Identifier: GPL-2.0

//! A misc device that tells who uses it: a read gives the thread and its process, a write works
//! until a signal comes.

#![no_std]
#![feature(allocator_api, global_asm)]

use core::fmt::Write;
use kernel::prelude::*;
use kernel::{
    c_str, declare_file_operations,
    file::File,
    file_operations::{FileOpener, FileOperations},
    io_buffer::{IoBufferReader, IoBufferWriter},
    miscdev::Registration,
    sync::cond_resched,
    task::Task,
};

module! {
    type: RustTask,
    name: b"rust_task",
    author: b"The scons-kmod authors",
    description: b"Rust task sample",
    license: b"GPL v2",
}

/// Whether the security modules would let a Binder driver connect these tasks.
#[cfg(CONFIG_ANDROID_BINDER_IPC = "m")]
fn may_connect(from: &Task, to: &Task, file: &File) -> Result {
    use kernel::security;

    security::binder_set_context_mgr(to)?;
    security::binder_transaction(from, to)?;
    security::binder_transfer_binder(from, to)?;
    security::binder_transfer_file(from, to, file)
}

/// This kernel keeps the hooks for itself.
#[cfg(not(CONFIG_ANDROID_BINDER_IPC = "m"))]
fn may_connect(_: &Task, _: &Task, _: &File) -> Result {
    Ok(())
}

/// An open file.
struct User {
    /// The process that opened it, which may be gone before the file is.
    opener: Task,
}

impl FileOpener<()> for User {
    fn open(_: &()) -> Result<Box<Self>> {
        Ok(Box::try_new(Self {
            opener: Task::current().group_leader().clone(),
        })?)
    }
}

impl FileOperations for User {
    declare_file_operations!(read, write);

    /// Gives "thread leader opener", and whether leader and opener are the same task.
    fn read<T: IoBufferWriter>(
        this: &Self,
        file: &File,
        data: &mut T,
        offset: u64,
    ) -> Result<usize> {
        let task = Task::current();
        let leader = task.group_leader();
        may_connect(&leader, &this.opener, file)?;

        let mut text = String::new();
        text.try_reserve(64)?;
        writeln!(
            text,
            "{} {} {} {}",
            task.pid(),
            leader.pid(),
            this.opener.group_leader().pid(),
            *leader == this.opener,
        )
        .map_err(|_| Error::EINVAL)?;
        let rest = text.as_bytes().get(offset as usize..).unwrap_or(&[]);
        let count = rest.len().min(data.len());
        data.write_slice(&rest[..count])?;
        Ok(count)
    }

    fn write<T: IoBufferReader>(_: &Self, _: &File, _: &mut T, _: u64) -> Result<usize> {
        while !Task::current().signal_pending() {
            cond_resched();
        }
        Err(Error::EINTR)
    }
}

struct RustTask {
    _dev: Pin<Box<Registration>>,
}

impl KernelModule for RustTask {
    fn init() -> Result<Self> {
        pr_info!(
            "Rust task sample (init), loaded by {}\n",
            Task::current().pid()
        );
        Ok(Self {
            _dev: Registration::new_pinned::<User>(c_str!("rust_task"), None, ())?,
        })
    }
}

impl Drop for RustTask {
    fn drop(&mut self) {
        pr_info!("Rust task sample (exit)\n");
    }
}
