// SPDX-License-Identifier: GPL-2.0

//! The C types of the target, by the names that the kernel crate has for them.

pub use core::ffi::{
    c_char, c_int, c_long, c_longlong, c_schar, c_short, c_uchar, c_uint, c_ulong, c_ulonglong,
    c_ushort, c_void,
};

/// C's `ssize_t` (`__kernel_ssize_t`).
#[allow(non_camel_case_types)]
pub type c_ssize_t = isize;

/// C's `size_t` (`__kernel_size_t`).
#[allow(non_camel_case_types)]
pub type c_size_t = usize;
