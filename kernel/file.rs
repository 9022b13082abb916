// SPDX-License-Identifier: GPL-2.0

//! Files and file descriptors.
//!
//! C: include/linux/file.h, include/linux/fs.h (`struct file`). For the context of a process.

use crate::bindings;
use crate::{Error, Result};
use core::marker::PhantomData;
use core::mem::{self, ManuallyDrop};
use core::ops::Deref;
use core::ptr::addr_of;

/// An open file: one reference of a `struct file`.
///
/// # Invariants
///
/// `ptr` is valid, and the value owns one of its references.
pub struct File {
    pub(crate) ptr: *mut bindings::file,
}

// SAFETY: any task may use and give back a reference.
unsafe impl Send for File {}

// SAFETY: the methods read single fields, by one access.
unsafe impl Sync for File {}

impl File {
    /// The file that a descriptor of the current task stands for (`fget()`).
    ///
    /// # Errors
    ///
    /// [`Error::EBADF`] if there is none.
    pub fn from_fd(fd: u32) -> Result<Self> {
        // SAFETY: any number may be asked for.
        let ptr = unsafe { bindings::fget(fd) };
        if ptr.is_null() {
            return Err(Error::EBADF);
        }
        // INVARIANT: `fget()` took a reference.
        Ok(File { ptr })
    }

    /// The position that the next read or write without an offset starts at (`f_pos`).
    pub fn pos(&self) -> u64 {
        // SAFETY: the type invariant.
        unsafe { addr_of!((*self.ptr).f_pos).read_volatile() as u64 }
    }

    /// Whether reads and writes may wait (no `O_NONBLOCK` in `f_flags`).
    pub fn is_blocking(&self) -> bool {
        // SAFETY: the type invariant.
        let flags = unsafe { addr_of!((*self.ptr).f_flags).read_volatile() };
        flags & bindings::O_NONBLOCK == 0
    }
}

impl Drop for File {
    /// Gives the reference back (`fput()`).
    fn drop(&mut self) {
        // SAFETY: the type invariant.
        unsafe { bindings::fput(self.ptr) };
    }
}

/// A [`File`] whose reference C holds, as in the callbacks of `struct file_operations`.
pub(crate) struct FileRef(ManuallyDrop<File>);

impl FileRef {
    /// Wraps C's pointer.
    ///
    /// # Safety
    ///
    /// `ptr` is valid, and a reference is held as long as the result lives.
    pub(crate) unsafe fn from_ptr(ptr: *mut bindings::file) -> Self {
        FileRef(ManuallyDrop::new(File { ptr }))
    }
}

impl Deref for FileRef {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

/// A file descriptor of the current task that stands for no file yet.
///
/// What may fail is done before user space can see the file. Dropped, it is free again.
pub struct FileDescriptorReservation {
    fd: u32,
    /// It is of the table of the task that made it.
    _not_send: PhantomData<*mut ()>,
}

impl FileDescriptorReservation {
    /// Reserves a descriptor (`get_unused_fd_flags()`). `flags` is 0 or `O_CLOEXEC`.
    ///
    /// # Errors
    ///
    /// [`Error::EMFILE`] if the task has too many, [`Error::ENOMEM`].
    pub fn new(flags: u32) -> Result<Self> {
        // SAFETY: any flags may be asked for.
        let fd = unsafe { bindings::get_unused_fd_flags(flags) };
        if fd < 0 {
            return Err(Error::from_kernel_errno(fd));
        }
        Ok(FileDescriptorReservation {
            fd: fd as u32,
            _not_send: PhantomData,
        })
    }

    /// The descriptor.
    pub fn reserved_fd(&self) -> u32 {
        self.fd
    }

    /// Makes the descriptor stand for `file` (`fd_install()`). User space can use it from now on.
    pub fn commit(self, file: File) {
        // SAFETY: the descriptor is reserved, and `fd_install()` takes the file's reference over.
        unsafe { bindings::fd_install(self.fd, file.ptr) };
        // The task owns both from now on.
        mem::forget(self);
        mem::forget(file);
    }
}

impl Drop for FileDescriptorReservation {
    /// Gives the descriptor back (`put_unused_fd()`).
    fn drop(&mut self) {
        // SAFETY: the descriptor is reserved.
        unsafe { bindings::put_unused_fd(self.fd) };
    }
}
