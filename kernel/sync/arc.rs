// SPDX-License-Identifier: GPL-2.0

//! Objects that are shared by counting their references.
//!
//! C: include/linux/refcount.h. Unlike the count of `alloc`'s `Arc`, `refcount_t` saturates: an
//! overflow leaks the object and warns. There are no weak references.

use crate::bindings;
use crate::Result;
use alloc::alloc::Layout;
use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::marker::{PhantomData, Unsize};
use core::mem::ManuallyDrop;
use core::ops::{CoerceUnsized, Deref, DispatchFromDyn, LegacyReceiver};
use core::pin::Pin;
use core::ptr::{self, NonNull};

/// A reference to an object on the heap. The last one to go drops the object.
///
/// The object does not move, and is never lent mutably once it is shared.
///
/// # Invariants
///
/// `ptr` is valid, and the value owns one count.
pub struct Ref<T: ?Sized> {
    ptr: NonNull<RefInner<T>>,
    _p: PhantomData<RefInner<T>>,
}

#[repr(C)]
struct RefInner<T: ?Sized> {
    refcount: UnsafeCell<bindings::refcount_t>,
    data: T,
}

// SAFETY: the last reference may be dropped on any thread, and the others share the object.
unsafe impl<T: ?Sized + Sync + Send> Send for Ref<T> {}

// SAFETY: a shared reference can be cloned, and the clone sent.
unsafe impl<T: ?Sized + Sync + Send> Sync for Ref<T> {}

// Moving a reference does not move the object.
impl<T: ?Sized> Unpin for Ref<T> {}

// `self: Ref<Self>` in methods.
impl<T: ?Sized> LegacyReceiver for Ref<T> {}

// `Ref<T>` to `Ref<dyn Trait>`.
impl<T: ?Sized + Unsize<U>, U: ?Sized> CoerceUnsized<Ref<U>> for Ref<T> {}

// `self: Ref<Self>` in methods of `dyn Trait`.
impl<T: ?Sized + Unsize<U>, U: ?Sized> DispatchFromDyn<Ref<U>> for Ref<T> {}

impl<T> Ref<T> {
    /// Puts an object on the heap. May sleep.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`](crate::Error::ENOMEM).
    pub fn try_new(contents: T) -> Result<Self> {
        Self::try_new_and_init(contents, |_| {})
    }

    /// [`Ref::try_new`], with a function that is given the object before it is shared: for what
    /// has to be initialised where it stays, such as locks.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`](crate::Error::ENOMEM).
    pub fn try_new_and_init<U: FnOnce(Pin<&mut T>)>(contents: T, init: U) -> Result<Self> {
        let mut inner = Box::try_new(RefInner {
            refcount: UnsafeCell::new(bindings::refcount_t::default()),
            data: contents,
        })?;
        // SAFETY: the count is not in use yet.
        unsafe { bindings::rust_helper_refcount_set(inner.refcount.get(), 1) };
        // SAFETY: the object stays in its box, which only `drop` opens, to drop it in place.
        init(unsafe { Pin::new_unchecked(&mut inner.data) });
        // SAFETY: the count is 1, and is the result's.
        Ok(unsafe { Self::from_inner(NonNull::from(Box::leak(inner))) })
    }

    /// Gives the reference away as a number, such as a cookie for C.
    pub fn into_usize(obj: Self) -> usize {
        ManuallyDrop::new(obj).ptr.as_ptr().expose_provenance()
    }

    /// Lends the reference that was given away.
    ///
    /// # Safety
    ///
    /// `encoded` came from [`Ref::into_usize`], [`Ref::from_usize`] has not taken it back, and does
    /// not while the result lives.
    pub unsafe fn borrow_usize(encoded: usize) -> RefBorrow<T> {
        // SAFETY: the caller's promise; the count stays with whoever has the number.
        let obj = unsafe { Self::from_usize(encoded) };
        RefBorrow {
            inner_ref: ManuallyDrop::new(obj),
        }
    }

    /// Takes the reference back.
    ///
    /// # Safety
    ///
    /// `encoded` came from [`Ref::into_usize`] and is taken back only once.
    pub unsafe fn from_usize(encoded: usize) -> Self {
        let ptr = ptr::with_exposed_provenance_mut(encoded);
        // SAFETY: the number was made of a valid pointer, and stands for one count.
        unsafe { Self::from_inner(NonNull::new_unchecked(ptr)) }
    }
}

impl<T: ?Sized> Ref<T> {
    /// Wraps a pointer.
    ///
    /// # Safety
    ///
    /// `inner` is valid, and the result is given one count.
    unsafe fn from_inner(inner: NonNull<RefInner<T>>) -> Self {
        // INVARIANT: the caller keeps it.
        Ref {
            ptr: inner,
            _p: PhantomData,
        }
    }

    /// Gives the reference away as a pointer to the object.
    pub(crate) fn into_raw(obj: Self) -> *const T {
        let ptr = ManuallyDrop::new(obj).ptr.as_ptr();
        // SAFETY: the pointer is valid by the type invariant.
        unsafe { ptr::addr_of!((*ptr).data) }
    }

    /// Takes the reference back.
    ///
    /// # Safety
    ///
    /// `ptr` came from [`Ref::into_raw`] and is taken back only once.
    pub(crate) unsafe fn from_raw(ptr: *const T) -> Self {
        // SAFETY: the object is valid, for the count that the pointer stands for.
        let object = unsafe { Layout::for_value(&*ptr) };
        // The layout of `RefInner`, which is repr(C): the object follows on the count, aligned.
        let count = Layout::new::<UnsafeCell<bindings::refcount_t>>();
        let offset = count.size().next_multiple_of(object.align());
        let inner = ptr.wrapping_byte_sub(offset) as *mut RefInner<T>;
        // SAFETY: the object is part of a `RefInner`, and the caller gives one count.
        unsafe { Self::from_inner(NonNull::new_unchecked(inner)) }
    }

    /// Whether both refer to the same object.
    pub fn ptr_eq(a: &Self, b: &Self) -> bool {
        ptr::addr_eq(a.ptr.as_ptr(), b.ptr.as_ptr())
    }

    /// The reference, with the promise that the object does not move, which holds anyway.
    pub fn pinned(obj: Self) -> Pin<Self> {
        // SAFETY: the object stays where it is until it is dropped there.
        unsafe { Pin::new_unchecked(obj) }
    }
}

impl<T: ?Sized> Deref for Ref<T> {
    type Target = T;

    fn deref(&self) -> &Self::Target {
        // SAFETY: the type invariant.
        unsafe { &self.ptr.as_ref().data }
    }
}

impl<T: ?Sized> Clone for Ref<T> {
    /// Takes another count (`refcount_inc()`).
    fn clone(&self) -> Self {
        // SAFETY: the type invariant; the count is at least this reference's.
        unsafe { bindings::rust_helper_refcount_inc(self.ptr.as_ref().refcount.get()) };
        // SAFETY: the count taken is the result's.
        unsafe { Self::from_inner(self.ptr) }
    }
}

impl<T: ?Sized> AsRef<T> for Ref<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: ?Sized> Drop for Ref<T> {
    /// Gives the count back, and drops the object if it was the last one
    /// (`refcount_dec_and_test()`).
    fn drop(&mut self) {
        // A pointer rather than a reference: once the count is given back, another task may free
        // the object.
        let refcount = UnsafeCell::raw_get(
            // SAFETY: the type invariant.
            unsafe { ptr::addr_of!((*self.ptr.as_ptr()).refcount) },
        );
        // SAFETY: the type invariant.
        if unsafe { bindings::rust_helper_refcount_dec_and_test(refcount) } {
            // SAFETY: no reference is left, and the object was made as a box.
            drop(unsafe { Box::from_raw(self.ptr.as_ptr()) });
        }
    }
}

/// A [`Ref`] that is lent while C keeps it. It can be cloned to keep the object longer.
///
/// # Invariants
///
/// The count is held elsewhere as long as this lives.
pub struct RefBorrow<T: ?Sized> {
    inner_ref: ManuallyDrop<Ref<T>>,
}

impl<T: ?Sized> Deref for RefBorrow<T> {
    type Target = Ref<T>;

    fn deref(&self) -> &Self::Target {
        &self.inner_ref
    }
}
