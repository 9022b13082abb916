// SPDX-License-Identifier: GPL-2.0

//! ioctl(2): commands whose number says whether data goes in, comes out, or both.
//!
//! C: include/uapi/asm-generic/ioctl.h.

use crate::bindings;
use crate::c_types::c_void;
use crate::file::File;
use crate::user_ptr::{UserSlicePtr, UserSlicePtrReader, UserSlicePtrWriter};
use crate::{Error, Result};

/// What [`IoctlCommand::dispatch`] calls: a method for each direction of data.
///
/// A method that is left out refuses its commands with [`Error::EINVAL`].
pub trait IoctlHandler: Sync {
    /// What the methods are given to work on.
    type Target;

    /// A command without data (`_IO`). `arg` is the third argument of ioctl(2).
    fn pure(_this: &Self::Target, _file: &File, _cmd: u32, _arg: usize) -> Result<i32> {
        Err(Error::EINVAL)
    }

    /// A command that user space reads data by (`_IOR`); they are written to `writer`.
    fn read(
        _this: &Self::Target,
        _file: &File,
        _cmd: u32,
        _writer: &mut UserSlicePtrWriter,
    ) -> Result<i32> {
        Err(Error::EINVAL)
    }

    /// A command that user space writes data by (`_IOW`); they are read from `reader`.
    fn write(
        _this: &Self::Target,
        _file: &File,
        _cmd: u32,
        _reader: &mut UserSlicePtrReader,
    ) -> Result<i32> {
        Err(Error::EINVAL)
    }

    /// A command with data in both directions (`_IOWR`).
    fn read_write(
        _this: &Self::Target,
        _file: &File,
        _cmd: u32,
        _data: UserSlicePtr,
    ) -> Result<i32> {
        Err(Error::EINVAL)
    }
}

/// A call of ioctl(2).
///
/// The size of the data, which the command's number holds (`_IOC_SIZE`), is that of the range which
/// a handler gets: it can touch no more than that.
pub struct IoctlCommand {
    cmd: u32,
    arg: usize,
    /// Taken by the first dispatch, so that no data are read twice.
    user_slice: Option<UserSlicePtr>,
}

/// `_IOC_DIR()`'s values.
const NONE: u32 = bindings::_IOC_NONE;
const READ: u32 = bindings::_IOC_READ;
const WRITE: u32 = bindings::_IOC_WRITE;
const READ_WRITE: u32 = READ | WRITE;

impl IoctlCommand {
    pub(crate) fn new(cmd: u32, arg: usize) -> Self {
        let size = (cmd >> bindings::_IOC_SIZESHIFT) & bindings::_IOC_SIZEMASK;
        // SAFETY: the range is this call's only.
        let user_slice = unsafe { UserSlicePtr::new(arg as *mut c_void, size as usize) };
        IoctlCommand {
            cmd,
            arg,
            user_slice: Some(user_slice),
        }
    }

    /// Calls the method of `T` for the command's direction (`_IOC_DIR`).
    ///
    /// # Errors
    ///
    /// Those of the method; [`Error::EINVAL`] if a command with data is dispatched again.
    pub fn dispatch<T: IoctlHandler>(&mut self, handler: &T::Target, file: &File) -> Result<i32> {
        let direction = (self.cmd >> bindings::_IOC_DIRSHIFT) & bindings::_IOC_DIRMASK;
        if direction == NONE {
            return T::pure(handler, file, self.cmd, self.arg);
        }
        let data = self.user_slice.take().ok_or(Error::EINVAL)?;
        match direction {
            READ => T::read(handler, file, self.cmd, &mut data.writer()),
            WRITE => T::write(handler, file, self.cmd, &mut data.reader()),
            READ_WRITE => T::read_write(handler, file, self.cmd, data),
            _ => Err(Error::EINVAL),
        }
    }

    /// The second and the third argument of ioctl(2).
    pub fn raw(&self) -> (u32, usize) {
        (self.cmd, self.arg)
    }
}
