// SPDX-License-Identifier: GPL-2.0

//! Buffers for I/O, wherever their memory lies.

use crate::Result;
use alloc::vec::Vec;
use core::mem::{size_of, MaybeUninit};

/// A source of bytes. What has been read is gone from it.
pub trait IoBufferReader {
    /// The number of bytes left.
    ///
    /// The memory may be taken away in between, so that reading so many can fail all the same.
    fn len(&self) -> usize;

    /// Whether no bytes are left.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads `len` bytes to `out`.
    ///
    /// # Errors
    ///
    /// [`EFAULT`](crate::Error::EFAULT) if there are fewer, or they cannot be read; a part of `out` may be
    /// written then.
    ///
    /// # Safety
    ///
    /// `out` is valid for writes of `len` bytes.
    unsafe fn read_raw(&mut self, out: *mut u8, len: usize) -> Result;

    /// Reads all that is left into memory of its own. May sleep.
    fn read_all(&mut self) -> Result<Vec<u8>> {
        let len = self.len();
        let mut data = Vec::new();
        data.try_reserve_exact(len)?;
        // SAFETY: the vector has room for `len` bytes.
        unsafe { self.read_raw(data.as_mut_ptr(), len)? };
        // SAFETY: `len` bytes have been written.
        unsafe { data.set_len(len) };
        Ok(data)
    }

    /// Fills `data`.
    ///
    /// # Errors
    ///
    /// [`EFAULT`](crate::Error::EFAULT), as [`IoBufferReader::read_raw`].
    fn read_slice(&mut self, data: &mut [u8]) -> Result {
        // SAFETY: the slice is valid for writes of its length.
        unsafe { self.read_raw(data.as_mut_ptr(), data.len()) }
    }

    /// Reads a value, in the machine's representation.
    ///
    /// # Errors
    ///
    /// [`EFAULT`](crate::Error::EFAULT), as [`IoBufferReader::read_raw`].
    fn read<T: ReadableFromBytes>(&mut self) -> Result<T> {
        let mut out = MaybeUninit::<T>::uninit();
        // SAFETY: `out` has the size of `T`.
        unsafe { self.read_raw(out.as_mut_ptr().cast(), size_of::<T>())? };
        // SAFETY: all bytes have been written, and all values of them are a `T`.
        Ok(unsafe { out.assume_init() })
    }
}

/// A destination of bytes. What has been written to is gone from it.
pub trait IoBufferWriter {
    /// The number of bytes that there is room for.
    ///
    /// The memory may be taken away in between, so that writing so many can fail all the same.
    fn len(&self) -> usize;

    /// Whether there is no room left.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes `len` zero bytes.
    ///
    /// # Errors
    ///
    /// [`EFAULT`](crate::Error::EFAULT) if there is no room for them, or the memory cannot be written.
    fn clear(&mut self, len: usize) -> Result;

    /// Writes `data`.
    ///
    /// # Errors
    ///
    /// [`EFAULT`](crate::Error::EFAULT), as [`IoBufferWriter::write_raw`].
    fn write_slice(&mut self, data: &[u8]) -> Result {
        // SAFETY: the slice is valid for reads of its length.
        unsafe { self.write_raw(data.as_ptr(), data.len()) }
    }

    /// Writes `len` bytes from `data`.
    ///
    /// # Errors
    ///
    /// [`EFAULT`](crate::Error::EFAULT) if there is no room for them, or the memory cannot be written; a part may
    /// be written then.
    ///
    /// # Safety
    ///
    /// `data` is valid for reads of `len` bytes.
    unsafe fn write_raw(&mut self, data: *const u8, len: usize) -> Result;

    /// Writes a value, in the machine's representation.
    ///
    /// # Errors
    ///
    /// [`EFAULT`](crate::Error::EFAULT), as [`IoBufferWriter::write_raw`].
    fn write<T: WritableToBytes>(&mut self, data: &T) -> Result {
        // SAFETY: a `T` has no bytes that are not initialised.
        unsafe { self.write_raw((data as *const T).cast(), size_of::<T>()) }
    }
}

/// Types for which any bytes are a value.
///
/// # Safety
///
/// Each bit pattern of the type's size is a valid value: no `bool`, `char`, reference or enum.
pub unsafe trait ReadableFromBytes {}

/// Types whose bytes may be shown to user space.
///
/// # Safety
///
/// The type has no padding: kernel memory would leak by it.
pub unsafe trait WritableToBytes {}

macro_rules! integers {
    ($($type:ty)*) => {$(
        // SAFETY: an integer has no invalid values.
        unsafe impl ReadableFromBytes for $type {}
        // SAFETY: an integer has no padding.
        unsafe impl WritableToBytes for $type {}
    )*};
}

integers! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize }
