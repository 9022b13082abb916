// SPDX-License-Identifier: GPL-2.0

//! Types that several wrappers use.

use crate::bindings;
use crate::c_types::c_void;
use crate::sync::{Ref, RefBorrow};
use alloc::{boxed::Box, sync::Arc};
use core::ops::Deref;
use core::pin::Pin;
use core::ptr::NonNull;

/// The permissions of a file: `umode_t` (include/linux/types.h).
pub struct Mode(bindings::umode_t);

impl Mode {
    /// Wraps the bits, such as `0o644`.
    pub fn from_int(m: u16) -> Mode {
        Mode(m)
    }

    /// The bits.
    pub fn as_int(&self) -> u16 {
        self.0
    }
}

/// An owner of an object that can be kept in C as a `void *`, such as `private_data`.
pub trait PointerWrapper {
    /// What the object is lent as while C keeps the owner.
    type Borrowed: Deref;

    /// Gives the owner away as a pointer.
    fn into_pointer(self) -> *const c_void;

    /// Lends the object that C keeps.
    ///
    /// # Safety
    ///
    /// `ptr` came from [`PointerWrapper::into_pointer`], [`PointerWrapper::from_pointer`] has not
    /// taken it back, and does not while the result lives.
    unsafe fn borrow(ptr: *const c_void) -> Self::Borrowed;

    /// Takes the owner back.
    ///
    /// # Safety
    ///
    /// `ptr` came from [`PointerWrapper::into_pointer`], is taken back only once, and nothing that
    /// [`PointerWrapper::borrow`] gave is alive.
    unsafe fn from_pointer(ptr: *const c_void) -> Self;
}

/// A reference whose lifetime the compiler cannot see.
///
/// # Invariants
///
/// The object lives as long as this does.
pub struct UnsafeReference<T: ?Sized> {
    ptr: NonNull<T>,
}

impl<T: ?Sized> UnsafeReference<T> {
    /// Wraps a pointer.
    ///
    /// # Safety
    ///
    /// `ptr` points to an object that outlives the result and is not borrowed mutably in that
    /// time.
    pub(crate) unsafe fn new(ptr: NonNull<T>) -> Self {
        // INVARIANT: the caller keeps it.
        UnsafeReference { ptr }
    }
}

impl<T: ?Sized> Deref for UnsafeReference<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the type invariant.
        unsafe { self.ptr.as_ref() }
    }
}

impl<T> PointerWrapper for Box<T> {
    type Borrowed = UnsafeReference<T>;

    fn into_pointer(self) -> *const c_void {
        Box::into_raw(self).cast()
    }

    unsafe fn borrow(ptr: *const c_void) -> Self::Borrowed {
        // SAFETY: the pointer came from a box, which is not null, and is borrowed until it is
        // taken back.
        unsafe { UnsafeReference::new(NonNull::new_unchecked(ptr.cast::<T>().cast_mut())) }
    }

    unsafe fn from_pointer(ptr: *const c_void) -> Self {
        // SAFETY: the pointer came from `Box::into_raw()`.
        unsafe { Box::from_raw(ptr.cast::<T>().cast_mut()) }
    }
}

impl<T> PointerWrapper for Arc<T> {
    type Borrowed = UnsafeReference<T>;

    fn into_pointer(self) -> *const c_void {
        Arc::into_raw(self).cast()
    }

    unsafe fn borrow(ptr: *const c_void) -> Self::Borrowed {
        // SAFETY: the pointer came from an `Arc`, which is not null, and whose count is held until
        // it is taken back.
        unsafe { UnsafeReference::new(NonNull::new_unchecked(ptr.cast::<T>().cast_mut())) }
    }

    unsafe fn from_pointer(ptr: *const c_void) -> Self {
        // SAFETY: the pointer came from `Arc::into_raw()`.
        unsafe { Arc::from_raw(ptr.cast()) }
    }
}

impl<T> PointerWrapper for Ref<T> {
    type Borrowed = RefBorrow<T>;

    fn into_pointer(self) -> *const c_void {
        Ref::into_usize(self) as _
    }

    unsafe fn borrow(ptr: *const c_void) -> Self::Borrowed {
        // SAFETY: the pointer came from `Ref::into_usize()`, and is not taken back meanwhile.
        unsafe { Ref::borrow_usize(ptr as _) }
    }

    unsafe fn from_pointer(ptr: *const c_void) -> Self {
        // SAFETY: the pointer came from `Ref::into_usize()`.
        unsafe { Ref::from_usize(ptr as _) }
    }
}

impl<T: PointerWrapper + Deref> PointerWrapper for Pin<T> {
    type Borrowed = T::Borrowed;

    fn into_pointer(self) -> *const c_void {
        // SAFETY: the object stays where it is, and is only given back pinned.
        unsafe { Pin::into_inner_unchecked(self) }.into_pointer()
    }

    unsafe fn borrow(ptr: *const c_void) -> Self::Borrowed {
        // SAFETY: the caller keeps the same promise.
        unsafe { T::borrow(ptr) }
    }

    unsafe fn from_pointer(ptr: *const c_void) -> Self {
        // SAFETY: the object was pinned when its owner was given away.
        unsafe { Pin::new_unchecked(T::from_pointer(ptr)) }
    }
}

/// Runs a function when it goes out of scope: what C does by `goto err`.
///
/// # Examples
///
/// ```ignore
/// let guard = ScopeGuard::new(|| pr_info!("failed\n"));
/// fallible()?;
/// guard.dismiss();
/// ```
pub struct ScopeGuard<T: FnOnce()> {
    cleanup_func: Option<T>,
}

impl<T: FnOnce()> ScopeGuard<T> {
    /// The function will run when the result is dropped.
    pub fn new(cleanup_func: T) -> Self {
        ScopeGuard {
            cleanup_func: Some(cleanup_func),
        }
    }

    /// The function will not run.
    pub fn dismiss(mut self) {
        self.cleanup_func.take();
    }
}

impl<T: FnOnce()> Drop for ScopeGuard<T> {
    fn drop(&mut self) {
        if let Some(cleanup) = self.cleanup_func.take() {
            cleanup();
        }
    }
}
