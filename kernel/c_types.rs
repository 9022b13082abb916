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

/// The bytes of a C string, without its NUL (`strlen()`).
///
/// # Safety
///
/// `ptr` points to a NUL-terminated string that lives as long as the kernel, or the module, and is
/// not written to.
pub unsafe fn c_string_bytes(ptr: *const c_char) -> &'static [u8] {
    // SAFETY: the caller's promise.
    unsafe { crate::str::CStr::from_char_ptr(ptr) }.as_bytes()
}
