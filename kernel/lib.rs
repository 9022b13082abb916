// SPDX-License-Identifier: GPL-2.0

//! The `kernel` crate: what a Rust module sees of the kernel.
//!
//! Each facility of the kernel has a file or a folder here, a *wrapper*, that stands for the C API
//! named in it. The names and signatures are those of the Rust for Linux framework of mid-2021.
//!
//! This file is the whole crate for documentation and editors. For modules it is compiled as
//! `kernel_base`, without the wrappers that have the attribute `#[cfg(not(kernel_base))]`: each of
//! those is a crate of its own. A module is compiled with a crate `kernel` that has the base and
//! the wrappers that the module names. So an edit of a wrapper compiles only the modules that use it.

#![no_std]
#![feature(
    allocator_api,
    associated_type_defaults,
    coerce_unsized,
    const_eval_select,
    core_intrinsics,
    dispatch_from_dyn,
    dropck_eyepatch,
    legacy_receiver_trait,
    rustc_attrs,
    unsize
)]
#![allow(internal_features)]
#![deny(missing_docs, unsafe_op_in_unsafe_fn)]

extern crate alloc;

#[doc(hidden)]
pub use bindings;

pub mod buffer;
pub mod c_types;
#[cfg(not(kernel_base))]
pub mod chrdev;
pub mod error;
pub mod fallible;
pub mod file;
pub mod file_operations;
#[doc(hidden)]
pub mod internal;
pub mod io_buffer;
pub mod iov_iter;
#[cfg(not(kernel_base))]
pub mod linked_list;
#[cfg(not(kernel_base))]
pub mod miscdev;
#[cfg(not(kernel_base))]
#[doc(hidden)]
pub mod module_param;
pub mod of;
#[cfg(not(kernel_base))]
pub mod pages;
#[cfg(not(kernel_base))]
pub mod platdev;
pub mod prelude;
pub mod print;
#[cfg(not(kernel_base))]
pub mod random;
#[cfg(not(kernel_base))]
pub mod rbtree;
#[cfg(not(kernel_base))]
#[cfg(any(not(CONFIG_SECURITY), CONFIG_ANDROID_BINDER_IPC = "m"))]
pub mod security;
pub mod str;
pub mod sync;
#[cfg(not(kernel_base))]
#[cfg(CONFIG_SYSCTL)]
pub mod sysctl;
pub mod task;
pub mod traits;
pub mod types;
pub mod user_ptr;

mod allocator;
mod build_assert;
mod deprecated;
#[cfg(not(kernel_base))]
mod raw_list;
mod static_assert;

pub use crate::build_assert::build_error;
#[allow(deprecated)]
pub use crate::deprecated::{CStr, KernelResult};
pub use crate::error::{Error, Result};
pub use crate::types::{Mode, PointerWrapper, ScopeGuard};

/// The prefix of what the crate itself prints.
#[doc(hidden)]
const __LOG_PREFIX: &[u8] = b"rust_kernel\0";

/// The size of a page, in bytes.
pub const PAGE_SIZE: usize = 1 << bindings::PAGE_SHIFT;

/// A module: what [`module!`](macros::module)'s `type` implements.
///
/// The value lives from the module's load to its unload. What it has registered with the kernel is
/// undone by [`Drop`], its own or its fields'.
pub trait KernelModule: Sized + Sync {
    /// Called when the module is loaded (`module_init()`), in the context of the process that
    /// loads it. With an error the load fails, and `insmod` reports the errno.
    fn init() -> Result<Self>;
}

/// `THIS_MODULE`: the `struct module` of the module that is compiled.
pub struct ThisModule(*mut bindings::module);

// SAFETY: the pointer is only handed on to C, which locks what it changes in `struct module`.
unsafe impl Sync for ThisModule {}

impl ThisModule {
    /// Wraps the pointer to a `struct module`.
    ///
    /// # Safety
    ///
    /// `ptr` is null or the module's own `THIS_MODULE`.
    pub const unsafe fn from_ptr(ptr: *mut bindings::module) -> ThisModule {
        ThisModule(ptr)
    }

    /// Locks the module's parameters against writes through sysfs (`kernel_param_lock()`). May
    /// sleep.
    pub fn kernel_param_lock(&self) -> KParamGuard<'_> {
        // SAFETY: the pointer is this module's, or null, which stands for what is built in.
        #[cfg(CONFIG_SYSFS)]
        unsafe {
            bindings::kernel_param_lock(self.0)
        };
        KParamGuard { _module: self }
    }

    /// The pointer, for C functions that take the owner of something.
    pub(crate) const fn as_ptr(&self) -> *mut bindings::module {
        self.0
    }
}

/// The right to read parameters that user space can change. Dropped, it unlocks them
/// (`kernel_param_unlock()`).
///
/// [`ThisModule::kernel_param_lock`] makes it.
#[must_use = "the parameters are unlocked when the guard is dropped"]
pub struct KParamGuard<'a> {
    _module: &'a ThisModule,
}

#[cfg(CONFIG_SYSFS)]
impl Drop for KParamGuard<'_> {
    fn drop(&mut self) {
        // SAFETY: the guard has locked the parameters of this module.
        unsafe { bindings::kernel_param_unlock(self._module.0) };
    }
}

/// The offset of a field, in bytes: C's `offsetof()`.
///
/// # Examples
///
/// ```ignore
/// let offset = offset_of!(bindings::miscdevice, name);
/// ```
#[macro_export]
macro_rules! offset_of {
    ($type:ty, $($f:tt)*) => {
        ::core::mem::offset_of!($type, $($f)*)
    };
}

/// The object that the field `f`, which `ptr` points to, lies in: C's `container_of()`.
///
/// The result is `*const`; it is valid if `ptr` does point to that field of a valid object.
///
/// # Examples
///
/// ```ignore
/// let registration = container_of!(mdev, Registration, mdev);
/// ```
#[macro_export]
macro_rules! container_of {
    ($ptr:expr, $type:ty, $($f:tt)*) => {{
        let ptr = $ptr as *const _ as *const u8;
        ptr.wrapping_sub($crate::offset_of!($type, $($f)*)) as *const $type
    }};
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    pr_emerg!("{info}\n");
    // SAFETY: `BUG()` may be called anywhere.
    unsafe { bindings::rust_helper_BUG() };
    // SAFETY: `BUG()` does not return, which bindgen 0.60 does not see, and 0.71 does.
    #[allow(unreachable_code)]
    unsafe {
        core::hint::unreachable_unchecked()
    }
}
