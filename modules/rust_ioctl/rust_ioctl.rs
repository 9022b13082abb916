// SPDX-License-Identifier: GPL-2.0

//! ioctls in each direction, also of 32-bit programs, and such that work on file descriptors.

#![no_std]
#![feature(allocator_api, global_asm)]

use core::sync::atomic::{AtomicU64, Ordering};
use kernel::prelude::*;
use kernel::{
    bindings, c_str,
    file::{File, FileDescriptorReservation},
    file_operations::{FileOperations, IoctlCommand, IoctlHandler},
    io_buffer::{IoBufferReader, IoBufferWriter},
    miscdev,
    user_ptr::{UserSlicePtr, UserSlicePtrReader, UserSlicePtrWriter},
};

module! {
    type: RustIoctl,
    name: b"rust_ioctl",
    author: b"The scons-kmod authors",
    description: b"Rust sample of ioctls",
    license: b"GPL v2",
}

/// The number of a command: C's `_IOC(direction, 'R', number, size)`.
const fn command(direction: u32, number: u32, size: usize) -> u32 {
    direction << bindings::_IOC_DIRSHIFT
        | (b'R' as u32) << bindings::_IOC_TYPESHIFT
        | number << bindings::_IOC_NRSHIFT
        | (size as u32) << bindings::_IOC_SIZESHIFT
}

/// Sets the value to the argument itself.
const RESET: u32 = command(bindings::_IOC_NONE, 0, 0);
/// Gets the value.
const GET: u32 = command(bindings::_IOC_READ, 1, 8);
/// Sets the value.
const SET: u32 = command(bindings::_IOC_WRITE, 2, 8);
/// Sets the value and gets the one before.
const EXCHANGE: u32 = command(bindings::_IOC_READ | bindings::_IOC_WRITE, 3, 8);
/// The position of another file.
const POSITION: u32 = command(bindings::_IOC_NONE, 4, 0);
/// Another descriptor of a file, closed by exec.
const DUPLICATE: u32 = command(bindings::_IOC_NONE, 5, 0);
/// Whether reads of a file may wait.
const IS_BLOCKING: u32 = command(bindings::_IOC_NONE, 6, 0);
/// The bits of the caller's words.
const WORD: u32 = command(bindings::_IOC_NONE, 7, 0);
/// Reverses 16 bytes; its number says nothing of them.
const REVERSE: u32 = command(bindings::_IOC_NONE, 8, 0);
/// Zeroes the second half of 8 bytes and leaves the first as it is.
const CLEAR: u32 = command(bindings::_IOC_READ | bindings::_IOC_WRITE, 9, 8);

#[derive(Default)]
struct Value(AtomicU64);

impl IoctlHandler for Value {
    type Target = Value;

    fn pure(this: &Value, file: &File, cmd: u32, arg: usize) -> Result<i32> {
        match cmd {
            RESET => this.0.store(arg as u64, Ordering::Relaxed),
            POSITION => return Ok(File::from_fd(arg as u32)?.pos() as i32),
            DUPLICATE => {
                let other = File::from_fd(arg as u32)?;
                let reservation = FileDescriptorReservation::new(bindings::O_CLOEXEC)?;
                let fd = reservation.reserved_fd();
                reservation.commit(other);
                return Ok(fd as i32);
            }
            IS_BLOCKING => {
                // A reservation that is not committed is given back.
                let _unused = FileDescriptorReservation::new(0)?;
                return Ok(file.is_blocking() as i32);
            }
            WORD => return Ok(64),
            _ => return Err(Error::ENOTTY),
        }
        Ok(0)
    }

    fn read(this: &Value, _: &File, cmd: u32, writer: &mut UserSlicePtrWriter) -> Result<i32> {
        match cmd {
            GET => writer.write(&this.0.load(Ordering::Relaxed))?,
            _ => return Err(Error::ENOTTY),
        }
        Ok(0)
    }

    fn write(this: &Value, _: &File, cmd: u32, reader: &mut UserSlicePtrReader) -> Result<i32> {
        match cmd {
            SET => this.0.store(reader.read()?, Ordering::Relaxed),
            _ => return Err(Error::ENOTTY),
        }
        Ok(0)
    }

    fn read_write(this: &Value, _: &File, cmd: u32, data: UserSlicePtr) -> Result<i32> {
        let (mut reader, mut writer) = data.reader_writer();
        match cmd {
            EXCHANGE => writer.write(&this.0.swap(reader.read()?, Ordering::Relaxed))?,
            CLEAR => {
                writer.write(&reader.read::<u32>()?)?;
                writer.clear(reader.len())?;
                // The range of the command ends here.
                if writer.is_empty() && writer.write(&0u8) != Err(Error::EFAULT) {
                    return Err(Error::EINVAL);
                }
            }
            _ => return Err(Error::ENOTTY),
        }
        Ok(0)
    }
}

fn reverse(arg: usize) -> Result<i32> {
    // SAFETY: the range is used once, and once more when that is over.
    let mut bytes = unsafe { UserSlicePtr::new(arg as _, 16) }.read_all()?;
    bytes.reverse();
    // SAFETY: see above.
    unsafe { UserSlicePtr::new(arg as _, 16) }.write_all(&bytes)?;
    Ok(bytes.len() as i32)
}

impl FileOperations for Value {
    kernel::declare_file_operations!(ioctl, compat_ioctl);

    fn ioctl(this: &Value, file: &File, cmd: &mut IoctlCommand) -> Result<i32> {
        match cmd.raw() {
            (REVERSE, arg) => reverse(arg),
            _ => cmd.dispatch::<Self>(this, file),
        }
    }

    fn compat_ioctl(this: &Value, file: &File, cmd: &mut IoctlCommand) -> Result<i32> {
        match cmd.raw() {
            (WORD, _) => Ok(32),
            _ => Self::ioctl(this, file, cmd),
        }
    }
}

struct RustIoctl {
    _dev: Pin<Box<miscdev::Registration>>,
}

impl KernelModule for RustIoctl {
    fn init() -> Result<Self> {
        let name = c_str!("rust_ioctl");
        Ok(RustIoctl {
            _dev: miscdev::Registration::new_pinned::<Value>(name, None, ())?,
        })
    }
}
