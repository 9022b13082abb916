// SPDX-License-Identifier: GPL-2.0

//! Formatting into memory that is there already, without an allocation.
//!
//! What `scnprintf()` is for in C. For any context.

use core::fmt;
use core::slice;

/// A byte buffer that `write!` writes to, from its start on.
///
/// Text that does not fit any more is refused as a whole, with [`fmt::Error`]. No NUL is added.
///
/// # Examples
///
/// ```ignore
/// let mut memory = [0; 16];
/// let mut buffer = Buffer::new(&mut memory);
/// write!(buffer, "{} pages", 3)?;
/// assert_eq!(buffer.bytes_written(), 7);
/// ```
pub struct Buffer<'a> {
    slice: &'a mut [u8],
    pos: usize,
}

impl<'a> Buffer<'a> {
    /// Wraps a slice.
    pub fn new(slice: &'a mut [u8]) -> Self {
        Buffer { slice, pos: 0 }
    }

    /// Wraps memory of C, such as what a `show` callback is given.
    ///
    /// # Safety
    ///
    /// `ptr` is valid for reads and writes of `len` bytes, which are initialised and which nobody
    /// else uses in the life of the result.
    pub unsafe fn from_raw(ptr: *mut u8, len: usize) -> Self {
        // SAFETY: the caller's promise.
        Self::new(unsafe { slice::from_raw_parts_mut(ptr, len) })
    }

    /// How many bytes of the memory have been written.
    pub fn bytes_written(&self) -> usize {
        self.pos
    }
}

impl fmt::Write for Buffer<'_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let end = self.pos.checked_add(s.len()).ok_or(fmt::Error)?;
        let free = self.slice.get_mut(self.pos..end).ok_or(fmt::Error)?;
        free.copy_from_slice(s.as_bytes());
        self.pos = end;
        Ok(())
    }
}
