// SPDX-License-Identifier: GPL-2.0

//! System control: values that are read and written as files below /proc/sys.
//!
//! C: include/linux/sysctl.h, fs/proc/proc_sysctl.c. Callbacks run in the context of the process
//! that reads or writes the file, and may sleep.

use crate::bindings;
use crate::c_types::{c_int, c_void};
use crate::internal::user_writer_from_kernel;
use crate::io_buffer::IoBufferWriter;
use crate::str::CStr;
use crate::types::Mode;
use crate::user_ptr::UserSlicePtrWriter;
use crate::{Error, Result};
use alloc::boxed::Box;
use core::slice;
use core::sync::atomic::{AtomicBool, Ordering};

/// A value behind a file of /proc/sys.
pub trait SysctlStorage: Sync {
    /// Takes what was written. Gives the number of bytes used, and whether they are a value.
    fn store_value(&self, data: &[u8]) -> (usize, Result);

    /// Writes the value for whoever reads the file, in one piece. Gives the number of bytes.
    fn read_value(&self, data: &mut UserSlicePtrWriter) -> (usize, Result);
}

impl<T: SysctlStorage> SysctlStorage for &T {
    fn store_value(&self, data: &[u8]) -> (usize, Result) {
        (*self).store_value(data)
    }

    fn read_value(&self, data: &mut UserSlicePtrWriter) -> (usize, Result) {
        (*self).read_value(data)
    }
}

/// A switch: `0` or `1`, with white space around it.
impl SysctlStorage for AtomicBool {
    fn store_value(&self, data: &[u8]) -> (usize, Result) {
        let result = match data.trim_ascii() {
            b"0" => {
                self.store(false, Ordering::Relaxed);
                Ok(())
            }
            b"1" => {
                self.store(true, Ordering::Relaxed);
                Ok(())
            }
            _ => Err(Error::EINVAL),
        };
        (data.len(), result)
    }

    fn read_value(&self, data: &mut UserSlicePtrWriter) -> (usize, Result) {
        let value = match self.load(Ordering::Relaxed) {
            true => b"1\n",
            false => b"0\n",
        };
        (value.len(), data.write_slice(value))
    }
}

/// A file in /proc/sys, which is removed when this is dropped.
pub struct Sysctl<T: SysctlStorage> {
    header: *mut bindings::ctl_table_header,
    storage: Box<T>,
}

// SAFETY: a shared value gives access to the storage only, which is `Sync`.
unsafe impl<T: SysctlStorage> Sync for Sysctl<T> {}

// SAFETY: any task may unregister, and may drop the storage if that is `Send`.
unsafe impl<T: SysctlStorage + Send> Send for Sysctl<T> {}

impl<T: SysctlStorage> Sysctl<T> {
    /// Makes the file `/proc/sys/<path>/<name>` (`register_sysctl()`). It can be used before this
    /// returns. `mode` is the file's permissions, such as `Mode::from_int(0o644)`. May sleep.
    ///
    /// # Errors
    ///
    /// [`Error::ENOMEM`], which is what C callers report, too: the kernel does not tell why it
    /// refuses a path or a name, but logs it.
    pub fn register(
        path: &'static CStr,
        name: &'static CStr,
        storage: T,
        mode: Mode,
    ) -> Result<Sysctl<T>>
    where
        T: 'static,
    {
        let storage = Box::try_new(storage)?;
        // SAFETY: the strings are static; the storage stays where it is until the file is gone.
        let header = unsafe {
            bindings::rust_helper_register_sysctl(
                path.as_char_ptr(),
                name.as_char_ptr(),
                mode.as_int(),
                (&*storage as *const T).cast_mut().cast(),
                Some(handler_callback::<T>),
            )
        };
        if header.is_null() {
            return Err(Error::ENOMEM);
        }
        Ok(Sysctl { header, storage })
    }

    /// The value.
    pub fn get(&self) -> &T {
        &self.storage
    }
}

impl<T: SysctlStorage> Drop for Sysctl<T> {
    /// Removes the file (`unregister_sysctl_table()`), and waits for its users.
    fn drop(&mut self) {
        // SAFETY: it is registered, and only once.
        unsafe { bindings::rust_helper_unregister_sysctl(self.header) };
    }
}

/// C's `proc_handler`. The buffer is the kernel's own (since Linux 5.8).
///
/// # Safety
///
/// `storage` is the one that [`Sysctl::register`] gave; `buffer` has `*len` bytes, and `len` and
/// `ppos` are valid.
unsafe extern "C" fn handler_callback<T: SysctlStorage>(
    storage: *mut c_void,
    write: c_int,
    buffer: *mut c_void,
    len: *mut usize,
    ppos: *mut bindings::loff_t,
) -> c_int {
    // SAFETY: the storage lives until the file is unregistered, which waits for this call.
    let storage = unsafe { &*storage.cast::<T>() };
    // SAFETY: the caller's promise.
    let (len, ppos) = unsafe { (&mut *len, &mut *ppos) };
    // The value is given in one piece: what follows it is the end of the file.
    if write == 0 && *ppos != 0 {
        *len = 0;
        return 0;
    }
    let room = *len;
    let (bytes, result) = if write != 0 {
        // SAFETY: the caller's promise.
        storage.store_value(unsafe { slice::from_raw_parts(buffer.cast(), room) })
    } else {
        // SAFETY: the caller's promise; the memory is this call's.
        storage.read_value(&mut unsafe { user_writer_from_kernel(buffer, room) })
    };
    // Whatever a storage says, the kernel copies no more than there is.
    *len = bytes.min(room);
    *ppos += *len as bindings::loff_t;
    match result {
        Ok(()) => 0,
        Err(error) => error.to_kernel_errno(),
    }
}
