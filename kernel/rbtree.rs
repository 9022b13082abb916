// SPDX-License-Identifier: GPL-2.0

//! Red-black trees: the kernel's sorted map.
//!
//! C: include/linux/rbtree.h, lib/rbtree.c, Documentation/core-api/rbtree.rst. As in C, the search
//! for a key is written here, and the kernel links, balances, unlinks and walks.
//!
//! The methods need no lock: `&mut` and `&` say who may change a tree. Those that allocate may
//! sleep, the others may be called in any context.

use crate::bindings;
use crate::Result;
use alloc::boxed::Box;
use core::cmp::Ordering;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::{addr_of_mut, null_mut, NonNull};

/// An entry of a tree: what C embeds in a structure of its own.
struct Node<K, V> {
    links: bindings::rb_node,
    key: K,
    value: V,
}

impl<K, V> Node<K, V> {
    /// The entry that `links` lies in (`rb_entry()`); it is valid if the links are an entry's.
    fn from_links(links: *mut bindings::rb_node) -> *mut Self {
        crate::container_of!(links, Self, links).cast_mut()
    }
}

/// A map from keys to values, sorted by the keys (`struct rb_root`).
///
/// To insert without allocating, for instance under a spinlock, a node is made before:
/// [`RBTree::try_reserve_node`] or [`RBTree::try_allocate_node`].
///
/// # Invariants
///
/// Every node in the tree is the `links` of a `Node` that came from a [`Box`] and belongs to the
/// tree; the keys ascend strictly in the order of `rb_next()`.
///
/// # Examples
///
/// ```ignore
/// let mut tree = RBTree::new();
/// tree.try_insert(20, 200)?;
/// tree.try_insert(10, 100)?;
/// assert!(tree.get(&10) == Some(&100));
/// for (key, value) in &tree {
///     pr_info!("{} -> {}\n", key, value);
/// }
/// ```
pub struct RBTree<K, V> {
    root: bindings::rb_root,
    _owned: PhantomData<Node<K, V>>,
}

// SAFETY: the tree owns its keys and values; the kernel's links have no tie to a task.
unsafe impl<K: Send, V: Send> Send for RBTree<K, V> {}

// SAFETY: a shared tree gives shared access to keys and values only.
unsafe impl<K: Sync, V: Sync> Sync for RBTree<K, V> {}

/// Where a key is in a tree, or where it would have to be linked.
enum Place {
    /// The node that has the key.
    Found(NonNull<bindings::rb_node>),
    /// The parent (null in an empty tree) and the link in it, or in the root.
    Free {
        parent: *mut bindings::rb_node,
        link: *mut *mut bindings::rb_node,
    },
}

impl<K, V> RBTree<K, V> {
    /// An empty tree (`RB_ROOT`).
    pub fn new() -> Self {
        Self {
            // INVARIANT: there are no nodes.
            root: bindings::rb_root {
                rb_node: null_mut(),
            },
            _owned: PhantomData,
        }
    }

    /// Allocates a node and inserts it; gives the node that had the same key, if there was one.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`](crate::Error::ENOMEM): the tree is as it was, key and value are lost.
    pub fn try_insert(&mut self, key: K, value: V) -> Result<Option<RBTreeNode<K, V>>>
    where
        K: Ord,
    {
        Ok(self.insert(Self::try_allocate_node(key, value)?))
    }

    /// Allocates memory for a node. May sleep.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`](crate::Error::ENOMEM).
    pub fn try_reserve_node() -> Result<RBTreeNodeReservation<K, V>> {
        let node = Box::<Node<K, V>>::try_new_uninit()?;
        Ok(RBTreeNodeReservation { node })
    }

    /// Allocates a node that can be inserted later. May sleep.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`](crate::Error::ENOMEM).
    pub fn try_allocate_node(key: K, value: V) -> Result<RBTreeNode<K, V>> {
        Ok(Self::try_reserve_node()?.into_node(key, value))
    }

    /// Inserts a node; gives the node that had the same key, if there was one, which it replaces.
    pub fn insert(&mut self, node: RBTreeNode<K, V>) -> Option<RBTreeNode<K, V>>
    where
        K: Ord,
    {
        let place = self.place(&node.node.key);
        let node = Box::into_raw(node.node);
        // SAFETY: the box was valid, and the tree owns it from here on.
        let links = unsafe { addr_of_mut!((*node).links) };
        match place {
            Place::Free { parent, link } => {
                // SAFETY: `place` found this link, below this parent, to be null.
                unsafe { bindings::rust_helper_rb_link_node(links, parent, link) };
                // SAFETY: the node has just been linked.
                unsafe { bindings::rb_insert_color(links, &mut self.root) };
                None
            }
            Place::Found(old) => {
                // INVARIANT: the keys are equal, so that their order stays.
                // SAFETY: the old node is in the tree, the new one in none.
                unsafe { bindings::rb_replace_node(old.as_ptr(), links, &mut self.root) };
                // SAFETY: by the invariant it came from a box, and it is in the tree no more.
                let node = unsafe { Box::from_raw(Node::from_links(old.as_ptr())) };
                Some(RBTreeNode { node })
            }
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V>
    where
        K: Ord,
    {
        let node = self.find(key)?;
        // SAFETY: the node is the tree's, which is borrowed as long as the result.
        Some(unsafe { &(*node.as_ptr()).value })
    }

    /// The value of a key, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V>
    where
        K: Ord,
    {
        let node = self.find(key)?;
        // SAFETY: the node is the tree's, which is borrowed mutably as long as the result.
        Some(unsafe { &mut (*node.as_ptr()).value })
    }

    /// Takes the node of a key out, without freeing its memory.
    pub fn remove_node(&mut self, key: &K) -> Option<RBTreeNode<K, V>>
    where
        K: Ord,
    {
        let node = self.find(key)?.as_ptr();
        // SAFETY: the node is in this tree.
        unsafe { bindings::rb_erase(addr_of_mut!((*node).links), &mut self.root) };
        // SAFETY: by the invariant it came from a box, and it is in the tree no more.
        let node = unsafe { Box::from_raw(node) };
        Some(RBTreeNode { node })
    }

    /// Removes a key, and gives the value that it had.
    pub fn remove(&mut self, key: &K) -> Option<V>
    where
        K: Ord,
    {
        self.remove_node(key).map(|node| node.node.value)
    }

    /// All entries, by ascending keys.
    pub fn iter(&self) -> RBTreeIterator<'_, K, V> {
        RBTreeIterator {
            nodes: self.nodes(),
            _tree: PhantomData,
        }
    }

    /// All entries, by ascending keys; the values may be changed.
    pub fn iter_mut(&mut self) -> RBTreeIteratorMut<'_, K, V> {
        RBTreeIteratorMut {
            nodes: self.nodes(),
            _tree: PhantomData,
        }
    }

    /// All keys, ascending.
    pub fn keys(&self) -> impl Iterator<Item = &'_ K> {
        self.iter().map(|(key, _)| key)
    }

    /// All values, by ascending keys.
    pub fn values(&self) -> impl Iterator<Item = &'_ V> {
        self.iter().map(|(_, value)| value)
    }

    /// All values, by ascending keys; they may be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &'_ mut V> {
        self.iter_mut().map(|(_, value)| value)
    }

    fn nodes(&self) -> Nodes<K, V> {
        Nodes {
            // SAFETY: the root is valid.
            next: unsafe { bindings::rust_helper_rb_first(&self.root) },
            _nodes: PhantomData,
        }
    }

    fn find(&self, key: &K) -> Option<NonNull<Node<K, V>>>
    where
        K: Ord,
    {
        let mut links = self.root.rb_node;
        while !links.is_null() {
            let node = Node::<K, V>::from_links(links);
            // SAFETY: all nodes in the tree are of this type, and borrowed with it.
            links = match unsafe { key.cmp(&(*node).key) } {
                // SAFETY: as above.
                Ordering::Less => unsafe { (*links).rb_left },
                // SAFETY: as above.
                Ordering::Greater => unsafe { (*links).rb_right },
                Ordering::Equal => return NonNull::new(node),
            };
        }
        None
    }

    fn place(&mut self, key: &K) -> Place
    where
        K: Ord,
    {
        let mut parent = null_mut();
        let mut link = addr_of_mut!(self.root.rb_node);
        // SAFETY: `link` is the root's, or that of a node in the tree.
        while let Some(links) = NonNull::new(unsafe { *link }) {
            parent = links.as_ptr();
            let node = Node::<K, V>::from_links(parent);
            // SAFETY: all nodes in the tree are of this type, and borrowed with it.
            link = match unsafe { key.cmp(&(*node).key) } {
                // SAFETY: as above.
                Ordering::Less => unsafe { addr_of_mut!((*parent).rb_left) },
                // SAFETY: as above.
                Ordering::Greater => unsafe { addr_of_mut!((*parent).rb_right) },
                Ordering::Equal => return Place::Found(links),
            };
        }
        Place::Free { parent, link }
    }
}

impl<K, V> Default for RBTree<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Drop for RBTree<K, V> {
    /// Frees all entries: children before their parent, so that the tree need not be balanced.
    fn drop(&mut self) {
        // SAFETY: the root is valid.
        let mut links = unsafe { bindings::rb_first_postorder(&self.root) };
        while !links.is_null() {
            // SAFETY: this node and those that follow are valid: only nodes before it are freed.
            let next = unsafe { bindings::rb_next_postorder(links) };
            // SAFETY: by the invariant it came from a box, and nobody visits it again.
            drop(unsafe { Box::from_raw(Node::<K, V>::from_links(links)) });
            links = next;
        }
    }
}

/// The nodes of a tree from one on, in order.
struct Nodes<K, V> {
    next: *mut bindings::rb_node,
    _nodes: PhantomData<*const Node<K, V>>,
}

impl<K, V> Iterator for Nodes<K, V> {
    type Item = *mut Node<K, V>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next.is_null() {
            return None;
        }
        let node = Node::from_links(self.next);
        // SAFETY: whoever made `self` has borrowed the tree, so that its nodes are valid.
        self.next = unsafe { bindings::rb_next(self.next) };
        Some(node)
    }
}

/// The entries of a tree, of [`RBTree::iter`].
pub struct RBTreeIterator<'a, K, V> {
    nodes: Nodes<K, V>,
    _tree: PhantomData<&'a RBTree<K, V>>,
}

// SAFETY: it gives references to keys and values, as a reference to the tree does.
unsafe impl<K: Sync, V: Sync> Send for RBTreeIterator<'_, K, V> {}

// SAFETY: as above.
unsafe impl<K: Sync, V: Sync> Sync for RBTreeIterator<'_, K, V> {}

impl<'a, K, V> Iterator for RBTreeIterator<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        let node = self.nodes.next()?;
        // SAFETY: the tree is borrowed for `'a`.
        Some(unsafe { (&(*node).key, &(*node).value) })
    }
}

impl<K, V> FusedIterator for RBTreeIterator<'_, K, V> {}

impl<'a, K, V> IntoIterator for &'a RBTree<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = RBTreeIterator<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The entries of a tree, of [`RBTree::iter_mut`].
pub struct RBTreeIteratorMut<'a, K, V> {
    nodes: Nodes<K, V>,
    _tree: PhantomData<&'a mut RBTree<K, V>>,
}

// SAFETY: it gives what a mutable reference to the tree does; keys are only shared.
unsafe impl<K: Sync, V: Send> Send for RBTreeIteratorMut<'_, K, V> {}

// SAFETY: a shared iterator gives nothing.
unsafe impl<K: Sync, V: Sync> Sync for RBTreeIteratorMut<'_, K, V> {}

impl<'a, K, V> Iterator for RBTreeIteratorMut<'a, K, V> {
    type Item = (&'a K, &'a mut V);

    fn next(&mut self) -> Option<Self::Item> {
        let node = self.nodes.next()?;
        // SAFETY: the tree is borrowed mutably for `'a`, and no node is given twice.
        Some(unsafe { (&(*node).key, &mut (*node).value) })
    }
}

impl<K, V> FusedIterator for RBTreeIteratorMut<'_, K, V> {}

impl<'a, K, V> IntoIterator for &'a mut RBTree<K, V> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = RBTreeIteratorMut<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

/// Memory for a node, of [`RBTree::try_reserve_node`] or of a node that has been removed.
pub struct RBTreeNodeReservation<K, V> {
    node: Box<MaybeUninit<Node<K, V>>>,
}

impl<K, V> RBTreeNodeReservation<K, V> {
    /// Makes the node.
    pub fn into_node(self, key: K, value: V) -> RBTreeNode<K, V> {
        let node = Box::write(
            self.node,
            Node {
                links: bindings::rb_node::default(),
                key,
                value,
            },
        );
        RBTreeNode { node }
    }
}

/// A key and a value that are in no tree, in memory that can be: see [`RBTree::insert`].
pub struct RBTreeNode<K, V> {
    node: Box<Node<K, V>>,
}

// SAFETY: the links of a node that is in no tree point nowhere.
unsafe impl<K: Send, V: Send> Send for RBTreeNode<K, V> {}

// SAFETY: as above.
unsafe impl<K: Sync, V: Sync> Sync for RBTreeNode<K, V> {}

// SAFETY: there is nothing in the memory.
unsafe impl<K, V> Send for RBTreeNodeReservation<K, V> {}

// SAFETY: as above.
unsafe impl<K, V> Sync for RBTreeNodeReservation<K, V> {}

impl<K, V> RBTreeNode<K, V> {
    /// Drops key and value, and keeps the memory for another node.
    pub fn into_reservation(self) -> RBTreeNodeReservation<K, V> {
        let node = Box::into_raw(self.node);
        // SAFETY: the box was valid. If a drop panics, the memory is lost, not used.
        unsafe { core::ptr::drop_in_place(node) };
        // SAFETY: it came from a box of the same layout.
        let node = unsafe { Box::from_raw(node.cast()) };
        RBTreeNodeReservation { node }
    }
}
