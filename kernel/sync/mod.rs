// SPDX-License-Identifier: GPL-2.0

//! Locks.
//!
//! A lock is made in two steps, as in C: its memory first, then, where it will stay,
//! [`mutex_init!`](crate::mutex_init), [`spinlock_init!`](crate::spinlock_init) or
//! [`condvar_init!`](crate::condvar_init), which gives it a name and a class for lockdep.

use crate::bindings;
use crate::str::CStr;
use core::pin::Pin;

mod arc;
mod condvar;
mod guard;
mod locked_by;
mod mutex;
mod spinlock;

pub use arc::{Ref, RefBorrow};
pub use condvar::CondVar;
pub use guard::{Guard, Lock};
pub use locked_by::LockedBy;
pub use mutex::Mutex;
pub use spinlock::SpinLock;

/// A lock that has to be initialised where it stays, with a class for lockdep.
pub trait NeedsLockClass {
    /// Initialises the lock.
    ///
    /// # Safety
    ///
    /// `key` is valid as long as the lock, and nobody uses the lock yet.
    unsafe fn init(self: Pin<&mut Self>, name: &'static CStr, key: *mut bindings::lock_class_key);
}

/// What the macros initialise: a [`NeedsLockClass`] by a mutable reference, or one of this
/// crate's locks by a shared one, as modules have it that share the object first.
#[doc(hidden)]
pub trait InitInPlace {
    /// Initialises the lock.
    ///
    /// # Safety
    ///
    /// As for [`NeedsLockClass::init`].
    unsafe fn init_in_place(self, name: &'static CStr, key: *mut bindings::lock_class_key);
}

impl<T: NeedsLockClass + ?Sized> InitInPlace for Pin<&mut T> {
    unsafe fn init_in_place(self, name: &'static CStr, key: *mut bindings::lock_class_key) {
        // SAFETY: the caller's promise.
        unsafe { T::init(self, name, key) };
    }
}

/// Implements both ways of initialising a lock by its `unsafe fn init_shared(&self, name, key)`.
macro_rules! impl_init {
    ($($lock:ident $(<$t:ident>)?),*) => { $(
        impl $(<$t>)? NeedsLockClass for $lock $(<$t>)? {
            unsafe fn init(
                self: Pin<&mut Self>,
                name: &'static CStr,
                key: *mut bindings::lock_class_key,
            ) {
                // SAFETY: the caller's promise.
                unsafe { self.init_shared(name, key) };
            }
        }

        impl $(<$t>)? InitInPlace for Pin<&$lock $(<$t>)?> {
            unsafe fn init_in_place(self, name: &'static CStr, key: *mut bindings::lock_class_key) {
                // SAFETY: the caller's promise.
                unsafe { self.init_shared(name, key) };
            }
        }
    )* };
}

impl_init!(CondVar, Mutex<T>, SpinLock<T>);

/// Initialises a lock with a lockdep class of its own for each place that this is written at.
#[doc(hidden)]
#[macro_export]
macro_rules! init_with_lockdep {
    ($obj:expr, $name:literal) => {{
        static mut CLASS: ::core::mem::MaybeUninit<$crate::bindings::lock_class_key> =
            ::core::mem::MaybeUninit::uninit();
        let obj = $obj;
        let name = $crate::c_str!($name);
        let key = ::core::ptr::addr_of_mut!(CLASS).cast();
        // SAFETY: the class is static, and only lockdep uses it.
        #[allow(unused_unsafe)]
        unsafe {
            $crate::sync::InitInPlace::init_in_place(obj, name, key)
        };
    }};
}

/// Lets other tasks run if it is time for that (`cond_resched()`), and gives whether they did. May
/// sleep: for the context of a process, without a spinlock held.
pub fn cond_resched() -> bool {
    // SAFETY: the caller may sleep.
    unsafe { bindings::rust_helper_cond_resched() != 0 }
}
