// SPDX-License-Identifier: GPL-2.0

//! What a driver does when its files are opened, read, written and closed.
//!
//! C: include/linux/fs.h (`struct file_operations`), Documentation/filesystems/vfs.rst. All
//! operations are called in the context of a process that uses the file, and may sleep.

use crate::bindings;
use crate::file;
use crate::io_buffer::{IoBufferReader, IoBufferWriter};
use crate::types::PointerWrapper;
use crate::{Error, Result};
use alloc::boxed::Box;
use core::ops::Deref;

mod ioctl;
mod poll;
pub(crate) mod vtable;

pub use ioctl::{IoctlCommand, IoctlHandler};
pub use poll::PollTable;

/// What sources of April 2021 import from here.
#[deprecated(note = "it is `kernel::file::File` now")]
pub type File = file::File;

/// Which of the operations a driver has. [`declare_file_operations!`](crate::declare_file_operations)
/// makes it.
///
/// The others are null in C's table, which the kernel answers in its own way.
pub struct ToUse {
    /// `read`.
    pub read: bool,
    /// `read_iter`: reads into several buffers at once, by the same [`FileOperations::read`].
    pub read_iter: bool,
    /// `write`.
    pub write: bool,
    /// `write_iter`: writes of several buffers at once, by the same [`FileOperations::write`].
    pub write_iter: bool,
    /// `llseek`.
    pub seek: bool,
    /// `unlocked_ioctl`.
    pub ioctl: bool,
    /// `compat_ioctl`: ioctls of 32-bit programs. Only kernels with CONFIG_COMPAT call it.
    pub compat_ioctl: bool,
    /// `fsync`.
    pub fsync: bool,
    /// `mmap`.
    pub mmap: bool,
    /// `poll`.
    pub poll: bool,
}

/// No operations but open and release.
pub const USE_NONE: ToUse = ToUse {
    read: false,
    read_iter: false,
    write: false,
    write_iter: false,
    seek: false,
    ioctl: false,
    compat_ioctl: false,
    fsync: false,
    mmap: false,
    poll: false,
};

/// Says which operations a [`FileOperations`] implements: `declare_file_operations!(read, write);`
///
/// The words are the fields of [`ToUse`](crate::file_operations::ToUse).
#[macro_export]
macro_rules! declare_file_operations {
    () => {
        const TO_USE: $crate::file_operations::ToUse = $crate::file_operations::USE_NONE;
    };
    ($($i:ident),+ $(,)?) => {
        const TO_USE: $crate::file_operations::ToUse = $crate::file_operations::ToUse {
            $($i: true),+,
            ..$crate::file_operations::USE_NONE
        };
    };
}

/// Where [`FileOperations::seek`] is to go: `whence` and `offset` of lseek(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeekFrom {
    /// `SEEK_SET`: to this position.
    Start(u64),
    /// `SEEK_END`: so far from the end.
    End(i64),
    /// `SEEK_CUR`: so far from where the file is ([`File::pos`](file::File::pos)).
    Current(i64),
}

/// How a registration finds its own data when one of its files is opened.
pub trait FileOpenAdapter {
    /// What [`FileOpener::open`] is given.
    type Arg;

    /// The data, from what C's `open` is called with.
    ///
    /// # Safety
    ///
    /// Both pointers are valid, and the file belongs to a registration of this type.
    unsafe fn convert(inode: *mut bindings::inode, file: *mut bindings::file) -> *const Self::Arg;
}

/// How a file begins: C's `open`.
pub trait FileOpener<T: ?Sized>: FileOperations {
    /// Makes the state of a file that has just been opened. `context` is the registration's data.
    fn open(context: &T) -> Result<Self::Wrapper>;
}

impl<T: FileOperations<Wrapper = Box<T>> + Default> FileOpener<()> for T {
    fn open(_: &()) -> Result<Self::Wrapper> {
        Ok(Box::try_new(T::default())?)
    }
}

/// The operations of an open file. An operation that is implemented has to be declared, too.
///
/// `this` is the state that [`FileOpener::open`] made. Several threads may be in the operations of
/// one file at once.
pub trait FileOperations: Send + Sync + Sized {
    /// The operations that there are, by
    /// [`declare_file_operations!`](crate::declare_file_operations).
    const TO_USE: ToUse;

    /// What owns the state of a file while it is open.
    type Wrapper: PointerWrapper = Box<Self>;

    /// The last reference of the file is gone: C's `release`.
    fn release(_obj: Self::Wrapper, _file: &file::File) {}

    /// Reads from `offset` on into `data`: C's `read` and `read_iter`. Gives the number of bytes; 0
    /// is the end.
    fn read<T: IoBufferWriter>(
        _this: &<<Self::Wrapper as PointerWrapper>::Borrowed as Deref>::Target,
        _file: &file::File,
        _data: &mut T,
        _offset: u64,
    ) -> Result<usize> {
        Err(Error::EINVAL)
    }

    /// Writes `data` at `offset`: C's `write` and `write_iter`. Gives the number of bytes taken.
    fn write<T: IoBufferReader>(
        _this: &<<Self::Wrapper as PointerWrapper>::Borrowed as Deref>::Target,
        _file: &file::File,
        _data: &mut T,
        _offset: u64,
    ) -> Result<usize> {
        Err(Error::EINVAL)
    }

    /// Finds the position that lseek(2) asks for: C's `llseek`. The position that it gives becomes
    /// the file's.
    fn seek(
        _this: &<<Self::Wrapper as PointerWrapper>::Borrowed as Deref>::Target,
        _file: &file::File,
        _offset: SeekFrom,
    ) -> Result<u64> {
        Err(Error::EINVAL)
    }

    /// Does what else user space may ask for: C's `unlocked_ioctl`. The result is that of ioctl(2).
    fn ioctl(
        _this: &<<Self::Wrapper as PointerWrapper>::Borrowed as Deref>::Target,
        _file: &file::File,
        _cmd: &mut IoctlCommand,
    ) -> Result<i32> {
        Err(Error::EINVAL)
    }

    /// As [`FileOperations::ioctl`], for 32-bit programs: C's `compat_ioctl`. Pointers and `long`s
    /// in the data have 32 bits.
    fn compat_ioctl(
        _this: &<<Self::Wrapper as PointerWrapper>::Borrowed as Deref>::Target,
        _file: &file::File,
        _cmd: &mut IoctlCommand,
    ) -> Result<i32> {
        Err(Error::EINVAL)
    }

    /// Waits until what was written, from byte `start` to byte `end` (included), is where it
    /// belongs: C's `fsync`. With `datasync`, only what is needed to read it again.
    fn fsync(
        _this: &<<Self::Wrapper as PointerWrapper>::Borrowed as Deref>::Target,
        _file: &file::File,
        _start: u64,
        _end: u64,
        _datasync: bool,
    ) -> Result<u32> {
        Err(Error::EINVAL)
    }

    /// Prepares an area of user space's memory to show the file: C's `mmap`. The task's `mmap_lock`
    /// is held for writing.
    fn mmap(
        _this: &<<Self::Wrapper as PointerWrapper>::Borrowed as Deref>::Target,
        _file: &file::File,
        _vma: &mut bindings::vm_area_struct,
    ) -> Result {
        Err(Error::EINVAL)
    }

    /// Says what can be done without waiting, as a set of `bindings::POLL*`, and, by
    /// [`PollTable::register_wait`], what will wake those who wait for more: C's `poll`. An error
    /// is given to user space as `POLLERR`.
    fn poll(
        _this: &<<Self::Wrapper as PointerWrapper>::Borrowed as Deref>::Target,
        _file: &file::File,
        _table: &PollTable,
    ) -> Result<u32> {
        Ok(bindings::POLLIN | bindings::POLLOUT | bindings::POLLRDNORM | bindings::POLLWRNORM)
    }
}
