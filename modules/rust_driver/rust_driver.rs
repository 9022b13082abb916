// SPDX-License-Identifier: GPL-2.0

//! A driver of C and Rust: a queue of messages between those who write to a device and those who
//! read from it.
//!
//! What is done to each byte is C (`src/`, `include/driver.h`): messages are packed, checked and
//! kept in a ring. What the kernel sees is Rust: the devices in this crate, the lock and the owner
//! of the queue in the crate `queue`, and in `policy` what happens when it is full, which C asks for.

#![no_std]
#![feature(allocator_api, global_asm)]

use kernel::prelude::*;
use kernel::{
    c_str,
    file::File,
    file_operations::{FileOpener, FileOperations},
    io_buffer::{IoBufferReader, IoBufferWriter},
    miscdev,
};
use policy::Policy;
use queue::{Queue, MESSAGE_BYTES, REPORT_BYTES};

module! {
    type: RustDriver,
    name: b"rust_driver",
    author: b"The scons-kmod authors",
    description: b"A queue of messages, its data path in C and its policy in Rust",
    license: b"GPL v2",
    params: {
        drop_oldest: bool {
            default: false,
            permissions: 0o444,
            description: b"When the queue is full, drop the oldest message and not the new one",
        },
    },
}

/// `/dev/rust_driver`: each write is a message, and so is each read.
struct Messages;

impl FileOpener<Arc<Queue>> for Messages {
    fn open(queue: &Arc<Queue>) -> Result<Self::Wrapper> {
        Ok(queue.clone())
    }
}

impl FileOperations for Messages {
    type Wrapper = Arc<Queue>;

    kernel::declare_file_operations!(read, write);

    /// The oldest message, or nothing. Of one that is too long for the reader, the rest is lost.
    fn read<T: IoBufferWriter>(
        queue: &Queue,
        _: &File,
        data: &mut T,
        _offset: u64,
    ) -> Result<usize> {
        let mut message = [0; MESSAGE_BYTES];
        let length = queue.pop(&mut message)?.min(data.len());
        data.write_slice(&message[..length])?;
        Ok(length)
    }

    fn write<T: IoBufferReader>(
        queue: &Queue,
        _: &File,
        data: &mut T,
        _offset: u64,
    ) -> Result<usize> {
        let mut message = [0; MESSAGE_BYTES + 1];
        // One byte more than there may be, so that C sees what is too long.
        let length = data.len().min(message.len());
        data.read_slice(&mut message[..length])?;
        queue.push(&message[..length])?;
        Ok(length)
    }
}

/// `/dev/rust_driver_report`: what became of the messages.
struct Report;

impl FileOpener<Arc<Queue>> for Report {
    fn open(queue: &Arc<Queue>) -> Result<Self::Wrapper> {
        Ok(queue.clone())
    }
}

impl FileOperations for Report {
    type Wrapper = Arc<Queue>;

    kernel::declare_file_operations!(read);

    fn read<T: IoBufferWriter>(
        queue: &Queue,
        _: &File,
        data: &mut T,
        offset: u64,
    ) -> Result<usize> {
        let mut text = Vec::new();
        text.try_reserve_exact(REPORT_BYTES)?;
        text.resize(REPORT_BYTES, 0);
        let length = queue.report(&mut text);
        let start = length.min(offset as usize);
        let count = data.len().min(length - start);
        data.write_slice(&text[start..start + count])?;
        Ok(count)
    }
}

struct RustDriver {
    _messages: Pin<Box<miscdev::Registration<Arc<Queue>>>>,
    _report: Pin<Box<miscdev::Registration<Arc<Queue>>>>,
}

impl KernelModule for RustDriver {
    fn init() -> Result<Self> {
        Policy::when_full(if *drop_oldest.read() {
            Policy::DropOldest
        } else {
            Policy::Refuse
        });
        let queue = Queue::try_new()?;
        Ok(RustDriver {
            _messages: miscdev::Registration::new_pinned::<Messages>(
                c_str!("rust_driver"),
                None,
                queue.clone(),
            )?,
            _report: miscdev::Registration::new_pinned::<Report>(
                c_str!("rust_driver_report"),
                None,
                queue,
            )?,
        })
    }
}
