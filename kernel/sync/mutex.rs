// SPDX-License-Identifier: GPL-2.0

//! The kernel's sleeping lock.
//!
//! C: include/linux/mutex.h. For the context of a process.

use super::{Guard, Lock};
use crate::bindings;
use crate::str::CStr;
use core::cell::UnsafeCell;
use core::marker::PhantomPinned;
use core::mem::MaybeUninit;

/// Initialises a pinned [`Mutex`] (`mutex_init()`): `mutex_init!(pin, "name")`.
#[macro_export]
macro_rules! mutex_init {
    ($mutex:expr, $name:literal) => {
        $crate::init_with_lockdep!($mutex, $name)
    };
}

/// Data that one task at a time may use (`struct mutex`). The others sleep.
pub struct Mutex<T: ?Sized> {
    mutex: UnsafeCell<MaybeUninit<bindings::mutex>>,
    /// C's lists point into a mutex.
    _pin: PhantomPinned,
    data: UnsafeCell<T>,
}

// SAFETY: the data moves with the mutex.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}

// SAFETY: the data is used by one task at a time, so that it need not be `Sync`.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    /// A mutex that is not initialised yet.
    ///
    /// # Safety
    ///
    /// [`mutex_init!`](crate::mutex_init) has to be called before anything else.
    pub const unsafe fn new(t: T) -> Self {
        Self {
            mutex: UnsafeCell::new(MaybeUninit::zeroed()),
            _pin: PhantomPinned,
            data: UnsafeCell::new(t),
        }
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits until the mutex is free, and takes it (`mutex_lock()`).
    pub fn lock(&self) -> Guard<'_, Self> {
        self.lock_noguard();
        // SAFETY: it has just been taken.
        unsafe { Guard::new(self) }
    }

    fn raw(&self) -> *mut bindings::mutex {
        self.mutex.get().cast()
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
        unsafe { bindings::rust_helper_mutex_init(self.raw(), name.as_char_ptr(), key) };
    }
}

impl<T: ?Sized> Lock for Mutex<T> {
    type Inner = T;

    fn lock_noguard(&self) {
        // SAFETY: `new`'s caller has had it initialised.
        unsafe { bindings::rust_helper_mutex_lock(self.raw()) };
    }

    unsafe fn unlock(&self) {
        // SAFETY: the caller has taken it.
        unsafe { bindings::mutex_unlock(self.raw()) };
    }

    fn locked_data(&self) -> &UnsafeCell<T> {
        &self.data
    }
}
