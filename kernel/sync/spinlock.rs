// SPDX-License-Identifier: GPL-2.0

//! The kernel's spinning lock.
//!
//! C: include/linux/spinlock.h. `spin_lock()` disables preemption, so nothing may sleep while the
//! lock is held. Interrupts stay enabled: the lock is not for data that interrupt handlers use.

use super::{Guard, Lock};
use crate::bindings;
use crate::str::CStr;
use core::cell::UnsafeCell;
use core::marker::PhantomPinned;
use core::mem::MaybeUninit;

/// Initialises a pinned [`SpinLock`] (`spin_lock_init()`): `spinlock_init!(pin, "name")`.
#[macro_export]
macro_rules! spinlock_init {
    ($spinlock:expr, $name:literal) => {
        $crate::init_with_lockdep!($spinlock, $name)
    };
}

/// Data that one CPU at a time may use (`spinlock_t`). The others spin.
pub struct SpinLock<T: ?Sized> {
    spin_lock: UnsafeCell<MaybeUninit<bindings::spinlock>>,
    /// With lockdep or PREEMPT_RT, C keeps pointers to the lock.
    _pin: PhantomPinned,
    data: UnsafeCell<T>,
}

// SAFETY: the data moves with the lock.
unsafe impl<T: ?Sized + Send> Send for SpinLock<T> {}

// SAFETY: the data is used by one CPU at a time, so that it need not be `Sync`.
unsafe impl<T: ?Sized + Send> Sync for SpinLock<T> {}

impl<T> SpinLock<T> {
    /// A lock that is not initialised yet.
    ///
    /// # Safety
    ///
    /// [`spinlock_init!`](crate::spinlock_init) has to be called before anything else.
    pub const unsafe fn new(t: T) -> Self {
        Self {
            spin_lock: UnsafeCell::new(MaybeUninit::zeroed()),
            _pin: PhantomPinned,
            data: UnsafeCell::new(t),
        }
    }
}

impl<T: ?Sized> SpinLock<T> {
    /// Spins until the lock is free, and takes it (`spin_lock()`).
    pub fn lock(&self) -> Guard<'_, Self> {
        self.lock_noguard();
        // SAFETY: it has just been taken.
        unsafe { Guard::new(self) }
    }

    fn raw(&self) -> *mut bindings::spinlock {
        self.spin_lock.get().cast()
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
        unsafe { bindings::rust_helper_spin_lock_init(self.raw(), name.as_char_ptr(), key) };
    }
}

impl<T: ?Sized> Lock for SpinLock<T> {
    type Inner = T;

    fn lock_noguard(&self) {
        // SAFETY: `new`'s caller has had it initialised.
        unsafe { bindings::rust_helper_spin_lock(self.raw()) };
    }

    unsafe fn unlock(&self) {
        // SAFETY: the caller has taken it.
        unsafe { bindings::rust_helper_spin_unlock(self.raw()) };
    }

    fn locked_data(&self) -> &UnsafeCell<T> {
        &self.data
    }
}
