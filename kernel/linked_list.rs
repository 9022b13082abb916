// SPDX-License-Identifier: GPL-2.0

//! Lists that own their entries, whose links lie in the entries.
//!
//! C: include/linux/list.h. To add an entry allocates nothing, so it cannot fail.

use crate::internal::{ref_from_raw, ref_into_raw};
use crate::raw_list::{self, RawList};
pub use crate::raw_list::{Cursor, GetLinks, Links};
use crate::sync::Ref;
use alloc::{boxed::Box, sync::Arc};
use core::ops::Deref;
use core::ptr::NonNull;

/// An owner of an object on the heap, which can be given away as a pointer to the object.
pub trait Wrapper<T: ?Sized> {
    /// Gives the owner away.
    fn into_pointer(self) -> NonNull<T>;

    /// Takes the owner back.
    ///
    /// # Safety
    ///
    /// `ptr` came from [`Wrapper::into_pointer`] and is taken back only once.
    unsafe fn from_pointer(ptr: NonNull<T>) -> Self;

    /// The object.
    fn as_ref(&self) -> &T;
}

/// An owner whose object a [`CursorMut`] lends: mutably if there can be no other owner.
pub trait Lend<T: ?Sized>: Wrapper<T> {
    /// What the object is lent as.
    type Lent<'a>: Deref<Target = T>
    where
        T: 'a;

    /// Lends the object.
    ///
    /// # Safety
    ///
    /// `ptr` came from [`Wrapper::into_pointer`], and the result is the only use of this pointer
    /// while it lives.
    unsafe fn lend<'a>(ptr: NonNull<T>) -> Self::Lent<'a>
    where
        T: 'a;
}

impl<T: ?Sized> Wrapper<T> for Box<T> {
    fn into_pointer(self) -> NonNull<T> {
        NonNull::from(Box::leak(self))
    }

    unsafe fn from_pointer(ptr: NonNull<T>) -> Self {
        // SAFETY: the pointer came from a box.
        unsafe { Box::from_raw(ptr.as_ptr()) }
    }

    fn as_ref(&self) -> &T {
        AsRef::as_ref(self)
    }
}

impl<T: ?Sized> Lend<T> for Box<T> {
    type Lent<'a>
        = &'a mut T
    where
        T: 'a;

    unsafe fn lend<'a>(mut ptr: NonNull<T>) -> Self::Lent<'a>
    where
        T: 'a,
    {
        // SAFETY: a box is the only owner, and the caller the only one to use it.
        unsafe { ptr.as_mut() }
    }
}

impl<T: ?Sized> Wrapper<T> for Arc<T> {
    fn into_pointer(self) -> NonNull<T> {
        // SAFETY: what an `Arc` points to is not null.
        unsafe { NonNull::new_unchecked(Arc::into_raw(self).cast_mut()) }
    }

    unsafe fn from_pointer(ptr: NonNull<T>) -> Self {
        // SAFETY: the pointer came from `Arc::into_raw()`.
        unsafe { Arc::from_raw(ptr.as_ptr()) }
    }

    fn as_ref(&self) -> &T {
        AsRef::as_ref(self)
    }
}

impl<T: ?Sized> Lend<T> for Arc<T> {
    type Lent<'a>
        = &'a T
    where
        T: 'a;

    unsafe fn lend<'a>(ptr: NonNull<T>) -> Self::Lent<'a>
    where
        T: 'a,
    {
        // SAFETY: the pointer stands for a count.
        unsafe { ptr.as_ref() }
    }
}

impl<T: ?Sized> Wrapper<T> for Ref<T> {
    fn into_pointer(self) -> NonNull<T> {
        // SAFETY: what a `Ref` points to is not null.
        unsafe { NonNull::new_unchecked(ref_into_raw(self).cast_mut()) }
    }

    unsafe fn from_pointer(ptr: NonNull<T>) -> Self {
        // SAFETY: the pointer came from `ref_into_raw()`.
        unsafe { ref_from_raw(ptr.as_ptr()) }
    }

    fn as_ref(&self) -> &T {
        AsRef::as_ref(self)
    }
}

impl<T: ?Sized> Lend<T> for Ref<T> {
    type Lent<'a>
        = &'a T
    where
        T: 'a;

    unsafe fn lend<'a>(ptr: NonNull<T>) -> Self::Lent<'a>
    where
        T: 'a,
    {
        // SAFETY: the pointer stands for a count.
        unsafe { ptr.as_ref() }
    }
}

/// Where the links lie, and what owns the entries.
pub trait GetLinksWrapped: GetLinks {
    /// The owner of an entry: a box, or one of several references.
    type Wrapped: Wrapper<Self::EntryType>;
}

impl<T: ?Sized> GetLinksWrapped for Box<T>
where
    Box<T>: GetLinks,
{
    type Wrapped = Box<<Box<T> as GetLinks>::EntryType>;
}

impl<T: GetLinks + ?Sized> GetLinks for Box<T> {
    type EntryType = T::EntryType;

    fn get_links(data: &Self::EntryType) -> &Links<Self::EntryType> {
        T::get_links(data)
    }
}

impl<T: ?Sized> GetLinksWrapped for Arc<T>
where
    Arc<T>: GetLinks,
{
    type Wrapped = Arc<<Arc<T> as GetLinks>::EntryType>;
}

impl<T: GetLinks + ?Sized> GetLinks for Arc<T> {
    type EntryType = T::EntryType;

    fn get_links(data: &Self::EntryType) -> &Links<Self::EntryType> {
        T::get_links(data)
    }
}

impl<T: ?Sized> GetLinksWrapped for Ref<T>
where
    Ref<T>: GetLinks,
{
    type Wrapped = Ref<<Ref<T> as GetLinks>::EntryType>;
}

impl<T: GetLinks + ?Sized> GetLinks for Ref<T> {
    type EntryType = T::EntryType;

    fn get_links(data: &Self::EntryType) -> &Links<Self::EntryType> {
        T::get_links(data)
    }
}

/// A list of `G::Wrapped`: a `List<Box<T>>`, `List<Arc<T>>` or `List<Ref<T>>` of a type `T` that
/// implements [`GetLinks`], or what a `G` of its own says.
///
/// What it holds is dropped with it. Whoever shares a list locks it.
pub struct List<G: GetLinksWrapped> {
    list: RawList<G>,
}

// SAFETY: the list owns its entries, which move with it.
unsafe impl<G: GetLinksWrapped> Send for List<G> where G::Wrapped: Send {}

// SAFETY: a shared list lends shared entries only.
unsafe impl<G: GetLinksWrapped> Sync for List<G> where G::EntryType: Sync {}

impl<G: GetLinksWrapped> List<G> {
    /// An empty list.
    pub const fn new() -> Self {
        Self {
            list: RawList::new(),
        }
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds an entry at the end (`list_add_tail()`). A shared entry that is in a list already is
    /// dropped instead.
    pub fn push_back(&mut self, data: G::Wrapped) {
        let ptr = data.into_pointer();
        // SAFETY: the entry is the list's from here on, and is on the heap.
        if !unsafe { self.list.push_back(ptr) } {
            // SAFETY: the list has not taken it.
            drop(unsafe { G::Wrapped::from_pointer(ptr) });
        }
    }

    /// Adds an entry behind another (`list_add()`). A shared entry that is in a list already is
    /// dropped instead.
    ///
    /// # Safety
    ///
    /// `existing` is in this list.
    pub unsafe fn insert_after(&mut self, existing: NonNull<G::EntryType>, data: G::Wrapped) {
        let ptr = data.into_pointer();
        // SAFETY: the entry is the list's from here on, and is on the heap; the rest is the
        // caller's promise.
        if !unsafe { self.list.insert_after(existing, ptr) } {
            // SAFETY: the list has not taken it.
            drop(unsafe { G::Wrapped::from_pointer(ptr) });
        }
    }

    /// Removes an entry (`list_del()`), and gives the list's owner of it; `None` if it is in no
    /// list.
    ///
    /// # Safety
    ///
    /// `data` is in this list or in none.
    pub unsafe fn remove(&mut self, data: &G::Wrapped) -> Option<G::Wrapped> {
        // SAFETY: the caller's promise.
        let ptr = unsafe { self.list.remove(Wrapper::as_ref(data)) }?;
        // SAFETY: the list has given it away.
        Some(unsafe { G::Wrapped::from_pointer(ptr) })
    }

    /// Removes the first entry.
    pub fn pop_front(&mut self) -> Option<G::Wrapped> {
        let ptr = self.list.pop_front()?;
        // SAFETY: the list has given it away.
        Some(unsafe { G::Wrapped::from_pointer(ptr) })
    }

    /// A cursor at the first entry.
    pub fn cursor_front(&self) -> Cursor<'_, G> {
        self.list.cursor_front()
    }

    /// A cursor at the first entry, to change the list by.
    pub fn cursor_front_mut(&mut self) -> CursorMut<'_, G> {
        CursorMut {
            cursor: self.list.cursor_front_mut(),
        }
    }
}

impl<G: GetLinksWrapped> Default for List<G> {
    fn default() -> Self {
        Self::new()
    }
}

impl<G: GetLinksWrapped> Drop for List<G> {
    fn drop(&mut self) {
        while self.pop_front().is_some() {}
    }
}

/// A place in a list that may be changed there: an entry, or the place behind the last.
pub struct CursorMut<'a, G: GetLinksWrapped> {
    cursor: raw_list::CursorMut<'a, G>,
}

impl<G: GetLinksWrapped> CursorMut<'_, G> {
    /// Removes the entry at the cursor, which moves to the next one.
    pub fn remove_current(&mut self) -> Option<G::Wrapped> {
        let ptr = self.cursor.remove_current()?;
        // SAFETY: the list has given it away.
        Some(unsafe { G::Wrapped::from_pointer(ptr) })
    }

    /// Moves to the next entry; behind the last from there, and to the first from behind the last.
    pub fn move_next(&mut self) {
        self.cursor.move_next();
    }
}

/// What is lent is `&mut` for the entries of a `List<Box<T>>`, and `&` for shared ones.
impl<G: GetLinksWrapped> CursorMut<'_, G>
where
    G::Wrapped: Lend<G::EntryType>,
{
    /// The entry at the cursor; `None` behind the last.
    pub fn current(&mut self) -> Option<<G::Wrapped as Lend<G::EntryType>>::Lent<'_>> {
        let ptr = self.cursor.current()?;
        // SAFETY: the cursor, which borrows the list, is itself borrowed meanwhile.
        Some(unsafe { G::Wrapped::lend(ptr) })
    }

    /// The entry after the cursor: the first from behind the last.
    pub fn peek_next(&mut self) -> Option<<G::Wrapped as Lend<G::EntryType>>::Lent<'_>> {
        let ptr = self.cursor.peek_next()?;
        // SAFETY: as in `current`.
        Some(unsafe { G::Wrapped::lend(ptr) })
    }

    /// The entry before the cursor: the last from behind the last.
    pub fn peek_prev(&mut self) -> Option<<G::Wrapped as Lend<G::EntryType>>::Lent<'_>> {
        let ptr = self.cursor.peek_prev()?;
        // SAFETY: as in `current`.
        Some(unsafe { G::Wrapped::lend(ptr) })
    }
}
