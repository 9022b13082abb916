// SPDX-License-Identifier: GPL-2.0

//! What all locks have in common.

use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};

/// A lock around data.
pub trait Lock {
    /// The data.
    type Inner: ?Sized;

    /// Takes the lock. Whoever calls this has to call [`Lock::unlock`].
    fn lock_noguard(&self);

    /// Gives the lock back.
    ///
    /// # Safety
    ///
    /// The caller has taken the lock.
    unsafe fn unlock(&self);

    /// The data, which only the lock's owner may touch.
    fn locked_data(&self) -> &UnsafeCell<Self::Inner>;
}

/// The right to use the data of a lock that has been taken. Dropped, it gives the lock back.
#[must_use = "the lock is given back when the guard is dropped"]
pub struct Guard<'a, L: Lock + ?Sized> {
    pub(crate) lock: &'a L,
    /// A lock is given back by the task that has taken it: the guard is not `Send`. Nor is it
    /// `Sync`: what [`LockedBy`](super::LockedBy) lends by it need not be, either.
    _not_send: core::marker::PhantomData<*mut ()>,
}

impl<'a, L: Lock + ?Sized> Guard<'a, L> {
    /// Wraps a lock.
    ///
    /// # Safety
    ///
    /// The caller has taken the lock, and leaves it to the result to give it back.
    pub(crate) unsafe fn new(lock: &'a L) -> Self {
        Guard {
            lock,
            _not_send: core::marker::PhantomData,
        }
    }
}

impl<L: Lock + ?Sized> Deref for Guard<'_, L> {
    type Target = L::Inner;

    fn deref(&self) -> &Self::Target {
        // SAFETY: the guard owns the lock.
        unsafe { &*self.lock.locked_data().get() }
    }
}

impl<L: Lock + ?Sized> DerefMut for Guard<'_, L> {
    fn deref_mut(&mut self) -> &mut L::Inner {
        // SAFETY: the guard owns the lock, and is borrowed mutably.
        unsafe { &mut *self.lock.locked_data().get() }
    }
}

impl<L: Lock + ?Sized> Drop for Guard<'_, L> {
    fn drop(&mut self) {
        // SAFETY: the guard owns the lock.
        unsafe { self.lock.unlock() };
    }
}
