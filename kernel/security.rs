// SPDX-License-Identifier: GPL-2.0

//! The security modules' say in what Binder does.
//!
//! C: include/linux/security.h. For the context of a process. A task stands for its objective
//! credentials (`get_task_cred()`).
//!
//! The kernel exports these hooks to modules if its own Binder is a module
//! (`CONFIG_ANDROID_BINDER_IPC=m`). Otherwise there is no such module here.

use crate::bindings;
use crate::c_types::c_int;
use crate::file::File;
use crate::internal::{file_ptr, task_ptr};
use crate::task::Task;
use crate::{Error, Result};

/// Turns what a hook returns into a result.
fn allowed(ret: c_int) -> Result {
    match ret {
        0 => Ok(()),
        errno => Err(Error::from_kernel_errno(errno)),
    }
}

/// Whether a task may become the context manager (`security_binder_set_context_mgr()`).
///
/// # Errors
///
/// The security module's, such as [`Error::EACCES`].
pub fn binder_set_context_mgr(mgr: &Task) -> Result {
    // SAFETY: the task is valid by its type's invariant.
    allowed(unsafe { bindings::rust_helper_security_binder_set_context_mgr(task_ptr(mgr)) })
}

/// Whether `from` may send a transaction to `to` (`security_binder_transaction()`).
///
/// # Errors
///
/// The security module's, such as [`Error::EACCES`].
pub fn binder_transaction(from: &Task, to: &Task) -> Result {
    // SAFETY: the tasks are valid by their type's invariant.
    allowed(unsafe {
        bindings::rust_helper_security_binder_transaction(task_ptr(from), task_ptr(to))
    })
}

/// Whether `from` may hand a Binder reference to `to` (`security_binder_transfer_binder()`).
///
/// # Errors
///
/// The security module's, such as [`Error::EACCES`].
pub fn binder_transfer_binder(from: &Task, to: &Task) -> Result {
    // SAFETY: the tasks are valid by their type's invariant.
    allowed(unsafe {
        bindings::rust_helper_security_binder_transfer_binder(task_ptr(from), task_ptr(to))
    })
}

/// Whether `from` may hand an open file to `to` (`security_binder_transfer_file()`).
///
/// # Errors
///
/// The security module's, such as [`Error::EACCES`].
pub fn binder_transfer_file(from: &Task, to: &Task, file: &File) -> Result {
    // SAFETY: the tasks and the file are valid by their types' invariants.
    allowed(unsafe {
        bindings::rust_helper_security_binder_transfer_file(
            task_ptr(from),
            task_ptr(to),
            file_ptr(file),
        )
    })
}
