// SPDX-License-Identifier: GPL-2.0

//! The names of April 2021 for what was renamed since.

/// What [`Result`](crate::Result) was called.
#[deprecated(note = "it is called `Result`")]
pub type KernelResult<T = ()> = crate::Result<T>;

/// Where [`str::CStr`](crate::str::CStr) was.
#[deprecated(note = "it is `kernel::str::CStr`")]
pub type CStr = crate::str::CStr;

/// What [`c_str!`](crate::c_str) was called.
#[deprecated(note = "it is called `c_str!`")]
#[macro_export]
macro_rules! cstr {
    ($str:literal) => {
        $crate::c_str!($str)
    };
}
