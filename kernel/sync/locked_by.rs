// SPDX-License-Identifier: GPL-2.0

//! Data that a lock elsewhere protects.

use super::{Guard, Lock};
use core::cell::UnsafeCell;
use core::{mem, ptr};

/// Data that is protected by a lock which lies in another object: many children and one lock in
/// their parent, as C comments it by "protected by parent->lock".
///
/// The access functions compare the address of the lock's data with that of the owner given to
/// [`LockedBy::new`], and panic where they differ.
///
/// # Examples
///
/// ```ignore
/// struct Directory {
///     inner: Mutex<DirectoryInner>,
/// }
///
/// struct File {
///     size: LockedBy<u64, Mutex<DirectoryInner>>,
/// }
///
/// fn grow(directory: &Directory, file: &File, by: u64) {
///     let mut guard = directory.inner.lock();
///     *file.size.access_mut(&mut guard) += by;
/// }
/// ```
pub struct LockedBy<T: ?Sized, L: Lock + ?Sized> {
    /// For comparison only: the owner may be gone.
    owner: *const L::Inner,
    data: UnsafeCell<T>,
}

// SAFETY: the data moves with the value.
unsafe impl<T: ?Sized + Send, L: Lock + ?Sized> Send for LockedBy<T, L> {}

// SAFETY: whoever reaches the data holds the lock, by a guard that no two threads can share (it is
// neither `Send` nor `Sync`), or alone by a mutable reference. So it need not be `Sync`.
unsafe impl<T: ?Sized + Send, L: Lock + ?Sized> Sync for LockedBy<T, L> {}

impl<T, L: Lock + ?Sized> LockedBy<T, L> {
    /// Data protected by `owner`, which must not move from now on.
    pub fn new(owner: &L, data: T) -> Self {
        Self {
            owner: owner.locked_data().get(),
            data: UnsafeCell::new(data),
        }
    }
}

impl<T: ?Sized, L: Lock + ?Sized> LockedBy<T, L> {
    fn check(&self, inner: *const L::Inner) {
        if !ptr::addr_eq(inner, self.owner) {
            panic!("guard does not match owner");
        }
    }

    /// The data, while the lock is held.
    ///
    /// # Panics
    ///
    /// If the guard is another lock's.
    pub fn access<'a>(&'a self, guard: &'a Guard<'_, L>) -> &'a T {
        self.check(&**guard);
        // SAFETY: the guard of the owner is held, so that nobody else has access.
        unsafe { &*self.data.get() }
    }

    /// The data, while the lock is held, to be changed.
    ///
    /// # Panics
    ///
    /// If the guard is another lock's.
    pub fn access_mut<'a>(&'a self, guard: &'a mut Guard<'_, L>) -> &'a mut T {
        self.check(&**guard);
        // SAFETY: the guard of the owner is held and borrowed mutably.
        unsafe { &mut *self.data.get() }
    }

    /// The data, to be changed, for who has the lock's data in another way than by a guard.
    ///
    /// # Panics
    ///
    /// If `inner` is another lock's, or has no size: its address says nothing then.
    pub fn access_from_mut<'a>(&'a self, inner: &'a mut L::Inner) -> &'a mut T {
        assert!(mem::size_of_val(inner) != 0, "the lock has no data");
        self.check(inner);
        // SAFETY: a mutable reference to the owner's data is unique, as the guard is.
        unsafe { &mut *self.data.get() }
    }
}
