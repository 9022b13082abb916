// SPDX-License-Identifier: GPL-2.0

//! I/O vectors: the memory of readv(2), preadv(2), splice(2), io_uring.
//!
//! C: include/linux/uio.h, lib/iov_iter.c. Accesses may sleep, as those of
//! [`user_ptr`](crate::user_ptr): for the context of a process, without a spinlock held.

use crate::bindings;
use crate::io_buffer::{IoBufferReader, IoBufferWriter};
use crate::{Error, Result};

/// The `struct iov_iter` of a call of `read_iter` or `write_iter`: pieces of memory that are used
/// one after another.
///
/// # Invariants
///
/// `ptr` is valid, and nobody else uses it in the life of the value.
pub struct IovIter {
    ptr: *mut bindings::iov_iter,
}

impl IovIter {
    /// Wraps C's pointer.
    ///
    /// # Safety
    ///
    /// `ptr` is valid in the life of the result, which is the only one to use it.
    pub(crate) unsafe fn from_ptr(ptr: *mut bindings::iov_iter) -> Self {
        // INVARIANT: the caller keeps it.
        IovIter { ptr }
    }

    /// What is left, in bytes (`iov_iter_count()`).
    fn left(&self) -> usize {
        // SAFETY: the type invariant.
        unsafe { bindings::rust_helper_iov_iter_count(self.ptr) }
    }

    /// [`Error::EFAULT`] unless `len` bytes are left.
    fn check(&self, len: usize) -> Result {
        if len > self.left() {
            return Err(Error::EFAULT);
        }
        Ok(())
    }
}

/// [`Error::EFAULT`] if C could access less than was asked for.
fn accessed(done: usize, len: usize) -> Result {
    if done != len {
        return Err(Error::EFAULT);
    }
    Ok(())
}

impl IoBufferWriter for IovIter {
    fn len(&self) -> usize {
        self.left()
    }

    fn clear(&mut self, len: usize) -> Result {
        self.check(len)?;
        // SAFETY: the type invariant.
        accessed(unsafe { bindings::iov_iter_zero(len, self.ptr) }, len)
    }

    unsafe fn write_raw(&mut self, data: *const u8, len: usize) -> Result {
        self.check(len)?;
        // SAFETY: the type invariant; `data` is valid for `len` bytes.
        let done = unsafe { bindings::rust_helper_copy_to_iter(data.cast(), len, self.ptr) };
        accessed(done, len)
    }
}

impl IoBufferReader for IovIter {
    fn len(&self) -> usize {
        self.left()
    }

    unsafe fn read_raw(&mut self, out: *mut u8, len: usize) -> Result {
        self.check(len)?;
        // SAFETY: the type invariant; `out` is valid for `len` bytes.
        let done = unsafe { bindings::rust_helper_copy_from_iter(out.cast(), len, self.ptr) };
        accessed(done, len)
    }
}
