// SPDX-License-Identifier: GPL-2.0

//! What wrappers that are crates of their own need of the base, and modules do not get.
//!
//! A module's crate `kernel` has no `internal`. So an item that only wrappers may use stays
//! `pub(crate)` where it is defined, and a function here gives it to them.

use crate::bindings;
use crate::c_types::c_void;
use crate::file::File;
use crate::of::OfMatchTable;
use crate::sync::Ref;
use crate::task::Task;
use crate::user_ptr::UserSlicePtrWriter;
use crate::ThisModule;

pub use crate::file_operations::vtable::FileOperationsVtable;

/// The pointer of [`ThisModule`], for C functions that take the owner of something.
pub const fn this_module_ptr(module: &ThisModule) -> *mut bindings::module {
    module.as_ptr()
}

/// The `struct task_struct`, valid as long as `task`.
pub fn task_ptr(task: &Task) -> *mut bindings::task_struct {
    task.ptr
}

/// The `struct file`, valid as long as `file`.
pub fn file_ptr(file: &File) -> *mut bindings::file {
    file.ptr
}

/// The table as C takes it, valid as long as `table`.
pub fn of_table_ptr(table: &OfMatchTable) -> *const bindings::of_device_id {
    table.as_ptr()
}

/// A writer to a buffer of the kernel.
///
/// # Safety
///
/// `ptr` is valid for writes of `length` bytes in the life of the result, and nobody else uses
/// them.
pub unsafe fn user_writer_from_kernel(ptr: *mut c_void, length: usize) -> UserSlicePtrWriter {
    // SAFETY: the caller's promise is the same.
    unsafe { UserSlicePtrWriter::from_kernel(ptr, length) }
}

/// The value that a [`Ref`] points to. The reference is not given back until [`ref_from_raw`].
pub fn ref_into_raw<T: ?Sized>(obj: Ref<T>) -> *const T {
    Ref::into_raw(obj)
}

/// The [`Ref`] that [`ref_into_raw`] took apart.
///
/// # Safety
///
/// `ptr` came from [`ref_into_raw`], and is turned back once.
pub unsafe fn ref_from_raw<T: ?Sized>(ptr: *const T) -> Ref<T> {
    // SAFETY: the caller's promise is the same.
    unsafe { Ref::from_raw(ptr) }
}
