// SPDX-License-Identifier: GPL-2.0

//! Waiting, with a lock given back meanwhile, until another task says that something has changed.
//!
//! C: include/linux/wait.h (`wait_queue_head_t`), kernel/sched/wait.c.

use super::{Guard, Lock};
use crate::bindings;
use crate::c_types::{c_int, c_uint};
use crate::str::CStr;
use crate::task::Task;
use core::cell::UnsafeCell;
use core::marker::PhantomPinned;
use core::mem::MaybeUninit;
use core::ptr;

/// Initialises a pinned [`CondVar`] (`init_waitqueue_head()`): `condvar_init!(pin, "name")`.
#[macro_export]
macro_rules! condvar_init {
    ($condvar:expr, $name:literal) => {
        $crate::init_with_lockdep!($condvar, $name)
    };
}

/// A condition variable: the tasks that wait for a change (`struct wait_queue_head`).
pub struct CondVar {
    /// For poll, too, whose entries C adds to the queue and takes off it.
    pub(crate) wait_list: UnsafeCell<bindings::wait_queue_head>,
    /// The list's head is part of the list.
    _pin: PhantomPinned,
}

// SAFETY: a queue that is not initialised yet is plain memory, and an initialised one is pinned.
unsafe impl Send for CondVar {}

// SAFETY: C's functions take the lock that is part of the queue.
unsafe impl Sync for CondVar {}

impl CondVar {
    /// A condition variable that is not initialised yet.
    ///
    /// # Safety
    ///
    /// [`condvar_init!`](crate::condvar_init) has to be called before anything else.
    pub const unsafe fn new() -> Self {
        Self {
            // SAFETY: the structure holds integers and pointers: zeroes are a value.
            wait_list: UnsafeCell::new(unsafe { MaybeUninit::zeroed().assume_init() }),
            _pin: PhantomPinned,
        }
    }

    /// # Safety
    ///
    /// As for [`NeedsLockClass::init`](super::NeedsLockClass::init).
    pub(super) unsafe fn init_shared(
        &self,
        name: &'static CStr,
        key: *mut bindings::lock_class_key,
    ) {
        // SAFETY: the caller's promise.
        unsafe { bindings::__init_waitqueue_head(self.wait_list.get(), name.as_char_ptr(), key) };
    }

    /// Gives the lock back, sleeps until another task notifies or a signal arrives, and takes the
    /// lock again (`prepare_to_wait_exclusive()`, `schedule()`). For the context of a process.
    ///
    /// It may wake without reason: the caller tests its condition again. Gives whether a signal is
    /// pending; if the condition does not hold then, an operation of a file ends with
    /// [`EINTR`](crate::Error::EINTR) or [`ERESTARTSYS`](crate::Error::ERESTARTSYS).
    #[must_use = "wait returns if a signal is pending, so the caller must check the return value"]
    pub fn wait<L: Lock>(&self, guard: &mut Guard<'_, L>) -> bool {
        let lock = guard.lock;
        let mut entry = MaybeUninit::<bindings::wait_queue_entry>::uninit();
        let entry = entry.as_mut_ptr();
        // SAFETY: the entry stays on this stack until `finish_wait()` has taken it off the queue.
        unsafe {
            bindings::rust_helper_init_wait(entry);
            bindings::prepare_to_wait_exclusive(
                self.wait_list.get(),
                entry,
                bindings::TASK_INTERRUPTIBLE as c_int,
            );
        }

        // SAFETY: the guard owns the lock, and is borrowed mutably until it owns it again.
        unsafe { lock.unlock() };
        // SAFETY: no other lock is known of; the caller may sleep.
        unsafe { bindings::schedule() };
        lock.lock_noguard();

        // SAFETY: the entry has been initialised and is of this queue.
        let notified = unsafe {
            let notified = bindings::rust_helper_wait_was_woken(entry);
            bindings::finish_wait(self.wait_list.get(), entry);
            notified
        };

        let signal = Task::current().signal_pending();
        if signal && notified {
            // The caller may leave because of the signal: the notification was for a task that
            // goes on.
            self.notify_one();
        }
        signal
    }

    /// Wakes `count` of the tasks, or all where that is 0 (`__wake_up()`).
    fn notify(&self, count: c_int) {
        // SAFETY: `new`'s caller has had the queue initialised.
        unsafe {
            bindings::__wake_up(
                self.wait_list.get(),
                bindings::TASK_NORMAL as c_uint,
                count,
                ptr::null_mut(),
            )
        };
    }

    /// Wakes one of the tasks that wait, and whoever polls (`wake_up()`). May be called in any
    /// context.
    pub fn notify_one(&self) {
        self.notify(1);
    }

    /// Wakes all tasks that wait, and whoever polls (`wake_up_all()`). May be called in any
    /// context.
    pub fn notify_all(&self) {
        self.notify(0);
    }

    /// Wakes all tasks, and makes epoll and aio leave the queue (`wake_up_pollfree()`). For a
    /// queue that goes away before the files that are polled; an RCU grace period has to pass
    /// before its memory does.
    pub fn free_waiters(&self) {
        // SAFETY: `new`'s caller has had the queue initialised.
        unsafe { bindings::rust_helper_wake_up_pollfree(self.wait_list.get()) };
    }
}
