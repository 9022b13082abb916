// SPDX-License-Identifier: GPL-2.0

//! A counting semaphore as a misc device: a byte that is written adds to the count, and a read
//! takes from it, or waits.

#![no_std]
#![feature(allocator_api, global_asm)]

use kernel::prelude::*;
use kernel::{
    c_str, condvar_init, declare_file_operations,
    file::File,
    file_operations::{FileOpener, FileOperations},
    io_buffer::{IoBufferReader, IoBufferWriter},
    miscdev::Registration,
    mutex_init,
    sync::{CondVar, Mutex, Ref},
};

module! {
    type: RustSemaphore,
    name: b"rust_semaphore",
    author: b"The scons-kmod authors",
    description: b"Rust semaphore sample",
    license: b"GPL v2",
}

struct SemaphoreInner {
    count: usize,
    max_seen: usize,
}

/// What all files of the device share.
struct Semaphore {
    changed: CondVar,
    inner: Mutex<SemaphoreInner>,
}

impl Semaphore {
    fn try_new() -> Result<Ref<Self>> {
        Ref::try_new_and_init(
            Self {
                // SAFETY: `condvar_init!` is called below.
                changed: unsafe { CondVar::new() },
                // SAFETY: `mutex_init!` is called below.
                inner: unsafe {
                    Mutex::new(SemaphoreInner {
                        count: 0,
                        max_seen: 0,
                    })
                },
            },
            |mut semaphore| {
                // SAFETY: `changed` is pinned when the semaphore is.
                let changed = unsafe {
                    semaphore
                        .as_mut()
                        .map_unchecked_mut(|this| &mut this.changed)
                };
                condvar_init!(changed, "Semaphore::changed");
                // SAFETY: `inner` is pinned when the semaphore is.
                let inner = unsafe { semaphore.as_mut().map_unchecked_mut(|this| &mut this.inner) };
                mutex_init!(inner, "Semaphore::inner");
            },
        )
    }

    fn add(&self, count: usize) {
        let mut inner = self.inner.lock();
        inner.count = inner.count.saturating_add(count);
        inner.max_seen = inner.max_seen.max(inner.count);
        drop(inner);
        for _ in 0..count {
            self.changed.notify_one();
        }
    }

    fn take(&self, file: &File) -> Result {
        let mut inner = self.inner.lock();
        while inner.count == 0 {
            if !file.is_blocking() {
                return Err(Error::EAGAIN);
            }
            if self.changed.wait(&mut inner) {
                return Err(Error::EINTR);
            }
        }
        inner.count -= 1;
        Ok(())
    }
}

impl Drop for Semaphore {
    fn drop(&mut self) {
        let inner = self.inner.lock();
        pr_info!("{} are left of at most {}\n", inner.count, inner.max_seen);
    }
}

/// An open file.
struct FileState {
    shared: Ref<Semaphore>,
}

impl FileOpener<Ref<Semaphore>> for FileState {
    fn open(shared: &Ref<Semaphore>) -> Result<Box<Self>> {
        Ok(Box::try_new(Self {
            shared: shared.clone(),
        })?)
    }
}

impl FileOperations for FileState {
    declare_file_operations!(read, write);

    /// Takes one from the count, and gives a byte. A file of which the first byte has been read is
    /// at its end, so that `cat` takes one only.
    fn read<T: IoBufferWriter>(
        this: &Self,
        file: &File,
        data: &mut T,
        offset: u64,
    ) -> Result<usize> {
        if data.is_empty() || offset > 0 {
            return Ok(0);
        }
        this.shared.take(file)?;
        data.write_slice(b"\n")?;
        Ok(1)
    }

    fn write<T: IoBufferReader>(this: &Self, _: &File, data: &mut T, _: u64) -> Result<usize> {
        this.shared.add(data.len());
        Ok(data.len())
    }
}

struct RustSemaphore {
    _dev: Pin<Box<Registration<Ref<Semaphore>>>>,
}

impl KernelModule for RustSemaphore {
    fn init() -> Result<Self> {
        pr_info!("Rust semaphore sample (init)\n");
        Ok(Self {
            _dev: Registration::new_pinned::<FileState>(
                c_str!("rust_semaphore"),
                None,
                Semaphore::try_new()?,
            )?,
        })
    }
}

impl Drop for RustSemaphore {
    fn drop(&mut self) {
        pr_info!("Rust semaphore sample (exit)\n");
    }
}
