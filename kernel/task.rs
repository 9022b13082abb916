// SPDX-License-Identifier: GPL-2.0

//! Tasks: processes and threads.
//!
//! C: include/linux/sched.h (`struct task_struct`), include/linux/sched/task.h, sched/signal.h.

use crate::bindings;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::Deref;

/// A process number, as the initial namespace counts (`pid_t`).
type Pid = bindings::pid_t;

/// A task: one reference of a `struct task_struct`. The task itself may have ended.
///
/// # Invariants
///
/// `ptr` is valid, and the value owns one of its references.
pub struct Task {
    pub(crate) ptr: *mut bindings::task_struct,
}

// SAFETY: what the methods read does not change, or is written atomically.
unsafe impl Sync for Task {}

// SAFETY: a reference may be given back by any task.
unsafe impl Send for Task {}

/// A [`Task`] that is there for a time only: [`Clone`] the task to keep it.
///
/// It cannot be sent to another thread, which would make the current task of one that of another.
pub struct TaskRef<'a> {
    task: ManuallyDrop<Task>,
    /// Whether the reference is this value's to give back.
    owned: bool,
    _not_send: PhantomData<(&'a (), *mut ())>,
}

impl Deref for TaskRef<'_> {
    type Target = Task;

    fn deref(&self) -> &Self::Target {
        &self.task
    }
}

// SAFETY: nothing of the lifetime is used.
unsafe impl<#[may_dangle] 'a> Drop for TaskRef<'a> {
    fn drop(&mut self) {
        if self.owned {
            // SAFETY: the task is not used after this.
            unsafe { ManuallyDrop::drop(&mut self.task) };
        }
    }
}

impl Task {
    /// The task that runs this code (`current`). In the context of an interrupt it is whichever
    /// was interrupted.
    pub fn current<'a>() -> TaskRef<'a> {
        // SAFETY: there is always a current task.
        let ptr = unsafe { bindings::rust_helper_get_current() };
        TaskRef {
            // INVARIANT: a task holds a reference of itself while it runs.
            task: ManuallyDrop::new(Task { ptr }),
            owned: false,
            _not_send: PhantomData,
        }
    }

    /// The first thread of the task's process (`group_leader`). A thread that has ended and been
    /// reaped gives itself, as C does not keep its leader for it.
    pub fn group_leader(&self) -> TaskRef<'_> {
        // SAFETY: the type invariant.
        let ptr = unsafe { bindings::rust_helper_get_group_leader(self.ptr) };
        TaskRef {
            // INVARIANT: C has taken a reference, which the result gives back.
            task: ManuallyDrop::new(Task { ptr }),
            owned: true,
            _not_send: PhantomData,
        }
    }

    /// The number of the thread (`pid`), as the initial namespace counts.
    pub fn pid(&self) -> Pid {
        // SAFETY: the type invariant.
        unsafe { (*self.ptr).pid }
    }

    /// Whether a signal waits to be handled (`signal_pending()`).
    pub fn signal_pending(&self) -> bool {
        // SAFETY: the type invariant.
        unsafe { bindings::rust_helper_signal_pending(self.ptr) != 0 }
    }
}

impl PartialEq for Task {
    fn eq(&self, other: &Self) -> bool {
        self.ptr == other.ptr
    }
}

impl Eq for Task {}

impl Clone for Task {
    /// Takes another reference (`get_task_struct()`).
    fn clone(&self) -> Self {
        // SAFETY: the type invariant.
        unsafe { bindings::rust_helper_get_task_struct(self.ptr) };
        // INVARIANT: the reference taken is the result's.
        Self { ptr: self.ptr }
    }
}

impl Drop for Task {
    /// Gives the reference back (`put_task_struct()`).
    fn drop(&mut self) {
        // SAFETY: the type invariant.
        unsafe { bindings::rust_helper_put_task_struct(self.ptr) };
    }
}
