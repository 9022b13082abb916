// SPDX-License-Identifier: GPL-2.0

//! The kernel's C declarations, as bindgen reads them from the headers.
//!
//! `RUST_BINDINGS_FILE` names the file that the build generates for the
//! target kernel. Functions and macros that exist in C as inline code only
//! come from `rust/helpers/` and are called `rust_helper_*`.

#![no_std]
#![allow(
    clippy::all,
    dead_code,
    improper_ctypes,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unnecessary_transmutes,
    unsafe_op_in_unsafe_fn
)]

/// What bindgen has written. What is defined below takes precedence: for some kernels it writes that as well.
mod generated {
    include!(env!("RUST_BINDINGS_FILE"));
}
pub use generated::*;

/// Allocation that may sleep, for the context of a process.
pub const GFP_KERNEL: gfp_t = rust_const_GFP_KERNEL;
/// Allocation that may not sleep.
pub const GFP_ATOMIC: gfp_t = rust_const_GFP_ATOMIC;
/// Modifier: the memory comes zeroed.
pub const __GFP_ZERO: gfp_t = rust_const___GFP_ZERO;
/// The alignment of every kmalloc allocation.
pub const ARCH_KMALLOC_MINALIGN: usize = rust_const_ARCH_KMALLOC_MINALIGN;

/// A mapping that others see, too.
pub const VM_SHARED: core::ffi::c_ulong = rust_const_VM_SHARED;
/// A mapping that mremap() does not make larger.
pub const VM_DONTEXPAND: core::ffi::c_ulong = rust_const_VM_DONTEXPAND;

/// What sources written to older kernels call the fields of a `struct vm_area_struct` that later
/// kernels have in anonymous unions.
impl core::ops::Deref for vm_area_struct {
    type Target = rust_vm_area_fields;

    fn deref(&self) -> &rust_vm_area_fields {
        // SAFETY: the fields lie at the same offsets (layout.c), within the structure.
        unsafe { &*(self as *const Self).cast() }
    }
}

/// As `vm_flags_init()`, for an area that is not in the task's tree yet: in the `mmap` operation.
impl core::ops::DerefMut for vm_area_struct {
    fn deref_mut(&mut self) -> &mut rust_vm_area_fields {
        // SAFETY: the fields lie at the same offsets (layout.c), within the structure.
        unsafe { &mut *(self as *mut Self).cast() }
    }
}
