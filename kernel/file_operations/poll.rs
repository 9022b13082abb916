// SPDX-License-Identifier: GPL-2.0

//! poll(2), select(2) and epoll(7).
//!
//! C: include/linux/poll.h.

use crate::bindings;
use crate::file::File;
use crate::sync::CondVar;

/// The `poll_table` of one call of the `poll` operation: whom to wake later.
pub struct PollTable {
    ptr: *mut bindings::poll_table_struct,
}

impl PollTable {
    /// Wraps C's pointer, which is null if nobody is going to wait.
    ///
    /// # Safety
    ///
    /// `ptr` is null, or valid in the life of the result.
    pub(crate) unsafe fn from_ptr(ptr: *mut bindings::poll_table_struct) -> Self {
        PollTable { ptr }
    }

    /// Has whoever polls `file` woken by `cv`'s notifications, too (`poll_wait()`).
    ///
    /// # Safety
    ///
    /// Who waits may keep a pointer to `cv` after the call, in the case of epoll for as long as
    /// `file` is open. So before `cv` goes away, [`CondVar::free_waiters`] has to be called, and an
    /// RCU grace period to pass, unless `cv` outlives the file.
    pub unsafe fn register_wait<'a>(&self, file: &'a File, cv: &'a CondVar) {
        // SAFETY: file and list are valid, the table is or is null; the caller keeps the list
        // valid for later.
        unsafe { bindings::rust_helper_poll_wait(file.ptr, cv.wait_list.get(), self.ptr) };
    }
}
