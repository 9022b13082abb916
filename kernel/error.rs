// SPDX-License-Identifier: GPL-2.0

//! Kernel errors: the negative errno of C as a type.
//!
//! C: include/linux/err.h, include/uapi/asm-generic/errno-base.h, errno.h,
//! include/linux/errno.h.

use crate::bindings;
use crate::c_types::{c_char, c_int, c_void};
use crate::str::CStrConvertError;
use alloc::{alloc::AllocError, collections::TryReserveError};
use core::{alloc::LayoutError, convert::Infallible, fmt, num::TryFromIntError, str::Utf8Error};

mod errno;

/// A kernel error.
///
/// # Invariants
///
/// The value is a negative errno: `-MAX_ERRNO..0`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Error(c_int);

impl Error {
    /// The error that a kernel function returned as `errno`.
    ///
    /// A value outside of `-MAX_ERRNO..0` is a bug of the caller: it is logged, and gives
    /// [`Error::EINVAL`].
    pub fn from_kernel_errno(errno: c_int) -> Error {
        if errno < -(bindings::MAX_ERRNO as c_int) || errno >= 0 {
            crate::pr_warn!("attempted to create `Error` with out of range `errno`: {errno}\n");
            return Error::EINVAL;
        }
        // INVARIANT: the range has been checked.
        Error(errno)
    }

    /// As [`Error::from_kernel_errno`], without the check.
    ///
    /// # Safety
    ///
    /// `errno` lies in `-MAX_ERRNO..0`.
    #[allow(dead_code)]
    pub(crate) unsafe fn from_kernel_errno_unchecked(errno: c_int) -> Error {
        // INVARIANT: the caller keeps it.
        Error(errno)
    }

    /// The negative errno, as C functions return it.
    pub fn to_kernel_errno(self) -> c_int {
        self.0
    }
}

impl fmt::Debug for Error {
    /// Prints the errno's name (`EINVAL`), by the kernel's own `%pe`. Errors that it has no name
    /// for, and kernels without CONFIG_SYMBOLIC_ERRNAME, give the number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut name = [0u8; 32];
        // SAFETY: the buffer has the length given, and `%pe` takes an error pointer.
        let written = unsafe {
            bindings::snprintf(
                name.as_mut_ptr().cast::<c_char>(),
                name.len() as _,
                crate::c_str!("%pe").as_char_ptr(),
                self.0 as isize as *const c_void,
            )
        };
        let name = name.get(..written as usize).unwrap_or(&[]);
        match core::str::from_utf8(name)
            .ok()
            .and_then(|name| name.strip_prefix("-E"))
        {
            Some(name) => write!(f, "E{name}"),
            None => f.debug_tuple("Error").field(&self.0).finish(),
        }
    }
}

impl From<TryFromIntError> for Error {
    fn from(_: TryFromIntError) -> Error {
        Error::EINVAL
    }
}

impl From<Utf8Error> for Error {
    fn from(_: Utf8Error) -> Error {
        Error::EINVAL
    }
}

impl From<CStrConvertError> for Error {
    fn from(_: CStrConvertError) -> Error {
        Error::EINVAL
    }
}

impl From<TryReserveError> for Error {
    fn from(_: TryReserveError) -> Error {
        Error::ENOMEM
    }
}

impl From<AllocError> for Error {
    fn from(_: AllocError) -> Error {
        Error::ENOMEM
    }
}

impl From<LayoutError> for Error {
    fn from(_: LayoutError) -> Error {
        Error::ENOMEM
    }
}

impl From<fmt::Error> for Error {
    fn from(_: fmt::Error) -> Error {
        Error::EINVAL
    }
}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Error {
        match never {}
    }
}

/// A [`Result`](core::result::Result) whose error is an [`Error`].
pub type Result<T = ()> = core::result::Result<T, Error>;

/// The value, or the errno in its place. Used by [`from_kernel_result!`](crate::from_kernel_result).
#[doc(hidden)]
pub fn from_kernel_result_helper<T>(r: Result<T>) -> T
where
    T: From<i16>,
{
    match r {
        Ok(v) => v,
        // An errno fits: the invariant of `Error` ends at -MAX_ERRNO, which is -4095.
        Err(e) => T::from(e.to_kernel_errno() as i16),
    }
}

/// Turns a block that gives a [`Result`] into what a C callback returns: the value, or a negative
/// errno.
///
/// # Examples
///
/// ```ignore
/// unsafe extern "C" fn probe_callback(pdev: *mut bindings::platform_device) -> c_types::c_int {
///     from_kernel_result! {
///         let ptr = devm_alloc(pdev)?;
///         Ok(0)
///     }
/// }
/// ```
#[macro_export]
macro_rules! from_kernel_result {
    ($($tt:tt)*) => {{
        $crate::error::from_kernel_result_helper((|| {
            $($tt)*
        })())
    }};
}

/// The pointer, or the error that C put in its place (`IS_ERR()`, include/linux/err.h).
#[allow(dead_code)]
pub(crate) fn from_kernel_err_ptr<T>(ptr: *mut T) -> Result<*mut T> {
    let value = ptr as isize;
    if (-(bindings::MAX_ERRNO as isize)..0).contains(&value) {
        // INVARIANT: the range has been checked.
        return Err(Error(value as c_int));
    }
    Ok(ptr)
}
