// SPDX-License-Identifier: GPL-2.0

//! The C queue (`src/queue.c`), owned, and used by one task at a time.

#![no_std]
#![feature(allocator_api)]

use core::ptr::NonNull;
use kernel::prelude::*;
use kernel::{c_types, mutex_init, sync::Mutex};

/// The longest message (`include/driver.h`).
pub const MESSAGE_BYTES: usize = 256;
/// Enough for a report: each byte of the last message may take four in it.
pub const REPORT_BYTES: usize = 2048;

/// C's `struct queue`, which nobody but C looks into.
#[repr(C)]
struct RawQueue {
    _bytes: [u8; 0],
}

extern "C" {
    fn queue_new() -> *mut RawQueue;
    fn queue_free(queue: *mut RawQueue);
    fn queue_push(queue: *mut RawQueue, data: *const u8, count: usize) -> c_types::c_int;
    fn queue_pop(queue: *mut RawQueue, data: *mut u8) -> c_types::c_int;
    fn queue_report(queue: *const RawQueue, text: *mut u8, size: usize) -> c_types::c_int;
}

/// A queue that C has made, and that is C's to free.
struct Owned(NonNull<RawQueue>);

// SAFETY: the queue belongs to nobody else, and C keeps nothing of the task that made it.
unsafe impl Send for Owned {}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: it came from `queue_new`, and is gone after this.
        unsafe { queue_free(self.0.as_ptr()) }
    }
}

/// A queue of messages.
pub struct Queue {
    raw: Mutex<Owned>,
}

impl Queue {
    /// An empty queue.
    pub fn try_new() -> Result<Arc<Self>> {
        // SAFETY: it can be called at any time.
        let raw = NonNull::new(unsafe { queue_new() }).ok_or(Error::ENOMEM)?;
        let mut queue = Arc::try_new(Self {
            // SAFETY: `mutex_init!` is called below.
            raw: unsafe { Mutex::new(Owned(raw)) },
        })?;
        let raw = &mut Arc::get_mut(&mut queue).ok_or(Error::EBUSY)?.raw;
        // SAFETY: an `Arc` does not move what it owns.
        mutex_init!(unsafe { Pin::new_unchecked(raw) }, "Queue::raw");
        Ok(queue)
    }

    /// Adds a message.
    ///
    /// # Errors
    ///
    /// `EMSGSIZE` if it is too long, `ENOSPC` if the queue is full and the policy refuses it.
    pub fn push(&self, message: &[u8]) -> Result {
        let raw = self.raw.lock();
        // SAFETY: the queue is ours, locked, and C reads no more than the slice.
        let status = unsafe { queue_push(raw.0.as_ptr(), message.as_ptr(), message.len()) };
        if status < 0 {
            return Err(Error::from_kernel_errno(status));
        }
        Ok(())
    }

    /// Takes the oldest message; returns its length, 0 if there is none.
    ///
    /// # Errors
    ///
    /// `EIO` if it is not what was added.
    pub fn pop(&self, message: &mut [u8; MESSAGE_BYTES]) -> Result<usize> {
        let raw = self.raw.lock();
        // SAFETY: the queue is ours, locked, and C writes no more than the longest message.
        let length = unsafe { queue_pop(raw.0.as_ptr(), message.as_mut_ptr()) };
        if length < 0 {
            return Err(Error::from_kernel_errno(length));
        }
        Ok(length as usize)
    }

    /// Writes the queue's report; returns its length.
    pub fn report(&self, text: &mut [u8]) -> usize {
        let raw = self.raw.lock();
        // SAFETY: the queue is ours, locked, and C writes no more than the slice.
        unsafe { queue_report(raw.0.as_ptr(), text.as_mut_ptr(), text.len()) as usize }
    }
}
