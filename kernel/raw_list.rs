// SPDX-License-Identifier: GPL-2.0

//! Lists whose links lie in the entries: the part of [`linked_list`](crate::linked_list) that
//! knows nothing of owners.
//!
//! C: include/linux/list.h. C's list is a ring through a head; here the ring goes through the
//! entries only, and the list points to the first of them, so that it can be moved.

use crate::{bindings, container_of};
use core::cell::UnsafeCell;
use core::marker::{PhantomData, PhantomPinned};
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, Ordering};

/// Where the links of a list lie in its entries.
pub trait GetLinks {
    /// The type of the entries.
    type EntryType: ?Sized;

    /// The links of an entry: always the same ones, and its own.
    fn get_links(data: &Self::EntryType) -> &Links<Self::EntryType>;
}

/// The links of an entry (`struct list_head`), a field of it. It can be in one list at a time.
///
/// While it is in a list, an entry must be left where it is: it must not be swapped with another.
pub struct Links<T: ?Sized> {
    /// Whether the entry is in a list. Atomic because two lists, each under a lock of its own, may
    /// be given the same shared entry.
    inserted: AtomicBool,
    /// Only for the list that the entry is in.
    node: UnsafeCell<bindings::list_head>,
    /// The entry, while it is in a list.
    entry: UnsafeCell<MaybeUninit<NonNull<T>>>,
    _pin: PhantomPinned,
}

// SAFETY: links give access to nothing by themselves, and stay where they are while in a list.
unsafe impl<T: ?Sized> Send for Links<T> {}

// SAFETY: all but `inserted` is used by one list, which its owner locks.
unsafe impl<T: ?Sized> Sync for Links<T> {}

impl<T: ?Sized> Links<T> {
    /// The links of an entry that is in no list.
    pub const fn new() -> Self {
        Self {
            inserted: AtomicBool::new(false),
            node: UnsafeCell::new(bindings::list_head {
                next: core::ptr::null_mut(),
                prev: core::ptr::null_mut(),
            }),
            entry: UnsafeCell::new(MaybeUninit::uninit()),
            _pin: PhantomPinned,
        }
    }

    /// Marks the entry as being in a list. Gives `false` if it was in one already.
    fn acquire(&self) -> bool {
        !self.inserted.swap(true, Ordering::Acquire)
    }

    /// Marks the entry as being in no list.
    fn release(&self) {
        self.inserted.store(false, Ordering::Release);
    }
}

impl<T: ?Sized> Default for Links<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Links that are in a list.
///
/// # Invariants
///
/// The links are valid and in a list, which is borrowed (or owned) by whoever has this.
struct Node<T: ?Sized>(NonNull<Links<T>>);

impl<T: ?Sized> Clone for Node<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Node<T> {}

impl<T: ?Sized> PartialEq for Node<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T: ?Sized> Node<T> {
    fn list_head(self) -> *mut bindings::list_head {
        // SAFETY: the type invariant.
        unsafe { UnsafeCell::raw_get(core::ptr::addr_of!((*self.0.as_ptr()).node)) }
    }

    fn entry(self) -> NonNull<T> {
        // SAFETY: the entry is in a list, so that it has been set.
        unsafe { (*(*self.0.as_ptr()).entry.get()).assume_init() }
    }

    /// # Safety
    ///
    /// `node` is the one of links that are in a list.
    unsafe fn from_list_head(node: *mut bindings::list_head) -> Self {
        let links = container_of!(node, Links<T>, node).cast_mut();
        // SAFETY: the links are around the node, so that they are not null.
        // INVARIANT: the caller's promise.
        Node(unsafe { NonNull::new_unchecked(links) })
    }

    fn next(self) -> Self {
        // SAFETY: all nodes of the ring are in the list.
        unsafe { Self::from_list_head((*self.list_head()).next) }
    }

    fn prev(self) -> Self {
        // SAFETY: all nodes of the ring are in the list.
        unsafe { Self::from_list_head((*self.list_head()).prev) }
    }
}

/// A list that keeps its entries from nothing: see [`List`](crate::linked_list::List).
///
/// # Invariants
///
/// `first` and all that it is linked with are valid until they are removed.
pub(crate) struct RawList<G: GetLinks> {
    first: Option<Node<G::EntryType>>,
}

impl<G: GetLinks> RawList<G> {
    pub(crate) const fn new() -> Self {
        Self { first: None }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Marks an entry as being in a list, and notes where it lies. Gives `None` if it was in one.
    ///
    /// # Safety
    ///
    /// `entry` is valid.
    unsafe fn acquire(entry: NonNull<G::EntryType>) -> Option<Node<G::EntryType>> {
        // SAFETY: the caller's promise.
        let links = G::get_links(unsafe { entry.as_ref() });
        if !links.acquire() {
            return None;
        }
        // SAFETY: the links are in no other list, so that they are ours.
        unsafe { (*links.entry.get()).write(entry) };
        // INVARIANT: the caller links the node now.
        Some(Node(NonNull::from(links)))
    }

    /// Adds an entry at the end. Gives `false`, and does nothing, if it is in a list already.
    ///
    /// # Safety
    ///
    /// `entry` is valid, and stays where it is until it is removed.
    pub(crate) unsafe fn push_back(&mut self, entry: NonNull<G::EntryType>) -> bool {
        // SAFETY: the caller's promise.
        let Some(node) = (unsafe { Self::acquire(entry) }) else {
            return false;
        };
        match self.first {
            // The end of a ring lies before its first entry.
            // SAFETY: both nodes are valid, and the new one is in no list.
            Some(first) => unsafe {
                bindings::rust_helper_list_add_tail(node.list_head(), first.list_head());
            },
            None => {
                // SAFETY: the node is valid.
                unsafe { bindings::rust_helper_INIT_LIST_HEAD(node.list_head()) };
                self.first = Some(node);
            }
        }
        true
    }

    /// Adds an entry behind another. Gives `false`, and does nothing, if it is in a list already.
    ///
    /// # Safety
    ///
    /// As for [`RawList::push_back`]; and `existing` is in this list.
    pub(crate) unsafe fn insert_after(
        &mut self,
        existing: NonNull<G::EntryType>,
        entry: NonNull<G::EntryType>,
    ) -> bool {
        // SAFETY: the caller's promise.
        let Some(node) = (unsafe { Self::acquire(entry) }) else {
            return false;
        };
        // SAFETY: the caller's promise.
        let existing = Node(NonNull::from(G::get_links(unsafe { existing.as_ref() })));
        // SAFETY: both nodes are valid, and the new one is in no list.
        unsafe { bindings::rust_helper_list_add(node.list_head(), existing.list_head()) };
        true
    }

    /// Removes an entry, and gives the pointer that it was added as; `None` if it is in no list.
    ///
    /// # Safety
    ///
    /// `entry` is in this list or in none.
    pub(crate) unsafe fn remove(&mut self, entry: &G::EntryType) -> Option<NonNull<G::EntryType>> {
        let links = G::get_links(entry);
        if !links.inserted.load(Ordering::Relaxed) {
            return None;
        }
        // SAFETY: the entry is in this list.
        Some(unsafe { self.remove_node(Node(NonNull::from(links))) })
    }

    pub(crate) fn pop_front(&mut self) -> Option<NonNull<G::EntryType>> {
        let first = self.first?;
        // SAFETY: the first node is in this list.
        Some(unsafe { self.remove_node(first) })
    }

    /// # Safety
    ///
    /// `node` is in this list.
    unsafe fn remove_node(&mut self, node: Node<G::EntryType>) -> NonNull<G::EntryType> {
        let next = node.next();
        if next == node {
            self.first = None;
        } else if self.first == Some(node) {
            self.first = Some(next);
        }
        // SAFETY: the caller's promise.
        unsafe { bindings::rust_helper_list_del(node.list_head()) };
        let entry = node.entry();
        // SAFETY: the links are valid. From here on, another list may have them.
        unsafe { node.0.as_ref() }.release();
        entry
    }

    pub(crate) fn cursor_front(&self) -> Cursor<'_, G> {
        Cursor {
            position: Position::front(self),
            list: self,
        }
    }

    pub(crate) fn cursor_front_mut(&mut self) -> CursorMut<'_, G> {
        CursorMut {
            position: Position::front(self),
            list: self,
        }
    }
}

/// A place in a list: an entry, or the one between the last and the first.
struct Position<G: GetLinks> {
    node: Option<Node<G::EntryType>>,
    _list: PhantomData<G>,
}

impl<G: GetLinks> Position<G> {
    fn at(node: Option<Node<G::EntryType>>) -> Self {
        Self {
            node,
            _list: PhantomData,
        }
    }

    fn front(list: &RawList<G>) -> Self {
        Self::at(list.first)
    }

    fn next(&self, list: &RawList<G>) -> Self {
        Self::at(match self.node {
            None => list.first,
            Some(node) => Some(node.next()).filter(|next| Some(*next) != list.first),
        })
    }

    fn prev(&self, list: &RawList<G>) -> Self {
        Self::at(match self.node {
            None => list.first.map(Node::prev),
            Some(node) if Some(node) == list.first => None,
            Some(node) => Some(node.prev()),
        })
    }

    fn entry(&self) -> Option<NonNull<G::EntryType>> {
        self.node.map(Node::entry)
    }
}

/// A place in a list that is only read.
pub struct Cursor<'a, G: GetLinks> {
    position: Position<G>,
    list: &'a RawList<G>,
}

impl<'a, G: GetLinks> Cursor<'a, G> {
    /// The entry at the cursor; `None` behind the last.
    pub fn current(&self) -> Option<&'a G::EntryType> {
        // SAFETY: the list is borrowed, so that its entries stay.
        self.position.entry().map(|entry| unsafe { entry.as_ref() })
    }

    /// Moves to the next entry; behind the last from there, and to the first from behind the last.
    pub fn move_next(&mut self) {
        self.position = self.position.next(self.list);
    }
}

/// A place in a list that may be changed there. It gives pointers: what may be lent is the
/// owner's to say.
pub(crate) struct CursorMut<'a, G: GetLinks> {
    position: Position<G>,
    list: &'a mut RawList<G>,
}

impl<G: GetLinks> CursorMut<'_, G> {
    pub(crate) fn current(&self) -> Option<NonNull<G::EntryType>> {
        self.position.entry()
    }

    pub(crate) fn remove_current(&mut self) -> Option<NonNull<G::EntryType>> {
        let node = self.position.node?;
        self.move_next();
        // SAFETY: the cursor's position is in its list.
        Some(unsafe { self.list.remove_node(node) })
    }

    pub(crate) fn peek_next(&self) -> Option<NonNull<G::EntryType>> {
        self.position.next(self.list).entry()
    }

    pub(crate) fn peek_prev(&self) -> Option<NonNull<G::EntryType>> {
        self.position.prev(self.list).entry()
    }

    pub(crate) fn move_next(&mut self) {
        self.position = self.position.next(self.list);
    }
}
