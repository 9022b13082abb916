// SPDX-License-Identifier: GPL-2.0

//! A pipe as a device: reads wait for data, writes for room, and poll says when to go on.

#![no_std]
#![feature(allocator_api, global_asm)]

use kernel::prelude::*;
use kernel::{
    bindings, c_str, condvar_init,
    file::File,
    file_operations::{FileOpener, FileOperations, PollTable},
    io_buffer::{IoBufferReader, IoBufferWriter},
    miscdev, mutex_init,
    sync::{CondVar, Mutex, Ref},
};

module! {
    type: RustPipe,
    name: b"rust_pipe",
    author: b"The scons-kmod authors",
    description: b"Rust sample of blocking operations and poll",
    license: b"GPL v2",
}

/// How much the pipe holds, in bytes.
const CAPACITY: usize = 64;

/// A ring.
struct Ring {
    bytes: [u8; CAPACITY],
    start: usize,
    len: usize,
}

struct Pipe {
    ring: Mutex<Ring>,
    changed: CondVar,
}

impl Pipe {
    fn try_new() -> Result<Ref<Self>> {
        Ref::try_new_and_init(
            Self {
                // SAFETY: `mutex_init!` is called below.
                ring: unsafe {
                    Mutex::new(Ring {
                        bytes: [0; CAPACITY],
                        start: 0,
                        len: 0,
                    })
                },
                // SAFETY: `condvar_init!` is called below.
                changed: unsafe { CondVar::new() },
            },
            |mut pipe| {
                // SAFETY: `ring` is pinned when `pipe` is.
                let ring = unsafe { pipe.as_mut().map_unchecked_mut(|pipe| &mut pipe.ring) };
                mutex_init!(ring, "Pipe::ring");
                // SAFETY: `changed` is pinned when `pipe` is.
                let changed = unsafe { pipe.as_mut().map_unchecked_mut(|pipe| &mut pipe.changed) };
                condvar_init!(changed, "Pipe::changed");
            },
        )
    }
}

struct End;

impl FileOpener<Ref<Pipe>> for End {
    fn open(pipe: &Ref<Pipe>) -> Result<Self::Wrapper> {
        Ok(pipe.clone())
    }
}

impl FileOperations for End {
    type Wrapper = Ref<Pipe>;

    kernel::declare_file_operations!(read, read_iter, write, write_iter, poll);

    fn read<T: IoBufferWriter>(
        pipe: &Ref<Pipe>,
        file: &File,
        data: &mut T,
        _: u64,
    ) -> Result<usize> {
        let mut ring = pipe.ring.lock();
        while ring.len == 0 {
            if !file.is_blocking() {
                return Err(Error::EAGAIN);
            }
            if pipe.changed.wait(&mut ring) {
                return Err(Error::ERESTARTSYS);
            }
        }
        let mut count = 0;
        while ring.len > 0 && !data.is_empty() {
            let start = ring.start;
            let part = data.len().min(ring.len).min(CAPACITY - start);
            data.write_slice(&ring.bytes[start..start + part])?;
            ring.start = (start + part) % CAPACITY;
            ring.len -= part;
            count += part;
        }
        pipe.changed.notify_all();
        Ok(count)
    }

    fn write<T: IoBufferReader>(
        pipe: &Ref<Pipe>,
        file: &File,
        data: &mut T,
        _: u64,
    ) -> Result<usize> {
        let mut ring = pipe.ring.lock();
        while ring.len == CAPACITY {
            if !file.is_blocking() {
                return Err(Error::EAGAIN);
            }
            if pipe.changed.wait(&mut ring) {
                return Err(Error::ERESTARTSYS);
            }
        }
        let mut count = 0;
        while ring.len < CAPACITY && !data.is_empty() {
            let end = (ring.start + ring.len) % CAPACITY;
            let part = data.len().min(CAPACITY - ring.len).min(CAPACITY - end);
            data.read_slice(&mut ring.bytes[end..end + part])?;
            ring.len += part;
            count += part;
        }
        pipe.changed.notify_all();
        Ok(count)
    }

    fn poll(pipe: &Ref<Pipe>, file: &File, table: &PollTable) -> Result<u32> {
        // SAFETY: the file holds a reference of the pipe, so that the queue outlives the file.
        unsafe { table.register_wait(file, &pipe.changed) };
        let ring = pipe.ring.lock();
        let mut events = 0;
        if ring.len > 0 {
            events |= bindings::POLLIN | bindings::POLLRDNORM;
        }
        if ring.len < CAPACITY {
            events |= bindings::POLLOUT | bindings::POLLWRNORM;
        }
        Ok(events)
    }
}

struct RustPipe {
    _dev: Pin<Box<miscdev::Registration<Ref<Pipe>>>>,
}

impl KernelModule for RustPipe {
    fn init() -> Result<Self> {
        let pipe = Pipe::try_new()?;
        Ok(RustPipe {
            _dev: miscdev::Registration::new_pinned::<End>(c_str!("rust_pipe"), None, pipe)?,
        })
    }
}
