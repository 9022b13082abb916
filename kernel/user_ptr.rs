// SPDX-License-Identifier: GPL-2.0

//! The memory of user space.
//!
//! C: include/linux/uaccess.h. All but `new` may sleep (a page may have to be brought in): for the
//! context of a process only, without a spinlock held.

use crate::bindings;
use crate::c_types::{c_ulong, c_void};
use crate::io_buffer::{IoBufferReader, IoBufferWriter};
use crate::{Error, Result};
use alloc::vec::Vec;

/// A range of user space memory, which may be read once or written once.
///
/// Each method uses the range up, so that nothing is read twice: user space could change it between
/// the check and the use.
pub struct UserSlicePtr(*mut c_void, usize);

impl UserSlicePtr {
    /// Wraps a range. The kernel checks it against the task's address space when it is accessed:
    /// a bad one gives [`Error::EFAULT`] then.
    ///
    /// # Safety
    ///
    /// In the life of the result, no other `UserSlicePtr` may be made of the same range.
    pub unsafe fn new(ptr: *mut c_void, length: usize) -> Self {
        UserSlicePtr(ptr, length)
    }

    /// Reads all of it (`copy_from_user()`).
    ///
    /// # Errors
    ///
    /// [`Error::EFAULT`] if the range is not the task's, [`Error::ENOMEM`].
    pub fn read_all(self) -> Result<Vec<u8>> {
        self.reader().read_all()
    }

    /// For reading step by step.
    pub fn reader(self) -> UserSlicePtrReader {
        UserSlicePtrReader(self.0, self.1)
    }

    /// Writes `data` to its start (`copy_to_user()`).
    ///
    /// # Errors
    ///
    /// [`Error::EFAULT`] if the range is too short, or is not the task's.
    pub fn write_all(self, data: &[u8]) -> Result {
        self.writer().write_slice(data)
    }

    /// For writing step by step.
    pub fn writer(self) -> UserSlicePtrWriter {
        UserSlicePtrWriter(self.0, self.1, Memory::User)
    }

    /// For reading first and writing then, as `_IOWR` ioctls do.
    pub fn reader_writer(self) -> (UserSlicePtrReader, UserSlicePtrWriter) {
        (
            UserSlicePtrReader(self.0, self.1),
            UserSlicePtrWriter(self.0, self.1, Memory::User),
        )
    }
}

/// `len` bytes on from `ptr`, of the `left` that there are: the new start and what is left.
fn advance(ptr: *mut c_void, left: usize, len: usize) -> Result<(*mut c_void, usize)> {
    let rest = left.checked_sub(len).ok_or(Error::EFAULT)?;
    // User space's addresses may be anything: the addition wraps.
    Ok((ptr.cast::<u8>().wrapping_add(len).cast(), rest))
}

/// Turns the number of bytes that the C side could not access into a result.
fn accessed(missing: c_ulong) -> Result {
    match missing {
        0 => Ok(()),
        _ => Err(Error::EFAULT),
    }
}

/// Reads a [`UserSlicePtr`] from its start to its end.
pub struct UserSlicePtrReader(*mut c_void, usize);

impl IoBufferReader for UserSlicePtrReader {
    fn len(&self) -> usize {
        self.1
    }

    unsafe fn read_raw(&mut self, out: *mut u8, len: usize) -> Result {
        let (ptr, rest) = advance(self.0, self.1, len)?;
        // SAFETY: `out` is valid for `len` bytes; `copy_from_user()` checks the other side.
        accessed(unsafe {
            bindings::rust_helper_copy_from_user(out.cast(), self.0, len as c_ulong)
        })?;
        (self.0, self.1) = (ptr, rest);
        Ok(())
    }
}

/// Whose memory a pointer is of.
#[derive(Clone, Copy)]
enum Memory {
    User,
    Kernel,
}

/// Writes a [`UserSlicePtr`] from its start to its end.
///
/// # Invariants
///
/// If the memory is the kernel's, the range is valid for writes.
pub struct UserSlicePtrWriter(*mut c_void, usize, Memory);

impl UserSlicePtrWriter {
    /// For memory of the kernel, which it will copy to user space by itself.
    ///
    /// Callbacks that took a user space pointer once, and that modules know as such, take a buffer
    /// of the kernel today (`proc_handler` of sysctl, since Linux 5.8).
    ///
    /// # Safety
    ///
    /// `ptr` is valid for writes of `length` bytes in the life of the result, and nobody else
    /// uses them.
    #[allow(dead_code)]
    pub(crate) unsafe fn from_kernel(ptr: *mut c_void, length: usize) -> Self {
        // INVARIANT: the caller keeps it.
        UserSlicePtrWriter(ptr, length, Memory::Kernel)
    }
}

impl IoBufferWriter for UserSlicePtrWriter {
    fn len(&self) -> usize {
        self.1
    }

    fn clear(&mut self, len: usize) -> Result {
        let (ptr, rest) = advance(self.0, self.1, len)?;
        match self.2 {
            Memory::User => {
                // SAFETY: `clear_user()` checks the range.
                accessed(unsafe { bindings::rust_helper_clear_user(self.0, len as c_ulong) })?
            }
            // SAFETY: the type invariant; `len` bytes are left.
            Memory::Kernel => unsafe { self.0.cast::<u8>().write_bytes(0, len) },
        }
        (self.0, self.1) = (ptr, rest);
        Ok(())
    }

    unsafe fn write_raw(&mut self, data: *const u8, len: usize) -> Result {
        let (ptr, rest) = advance(self.0, self.1, len)?;
        match self.2 {
            // SAFETY: `data` is valid for `len` bytes; `copy_to_user()` checks the other side.
            Memory::User => accessed(unsafe {
                bindings::rust_helper_copy_to_user(self.0, data.cast(), len as c_ulong)
            })?,
            // SAFETY: `data` is valid for `len` bytes; the type invariant; so many are left.
            Memory::Kernel => unsafe { self.0.cast::<u8>().copy_from(data, len) },
        }
        (self.0, self.1) = (ptr, rest);
        Ok(())
    }
}
