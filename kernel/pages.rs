// SPDX-License-Identifier: GPL-2.0

//! Whole pages of memory, which can be mapped into user space.
//!
//! C: include/linux/gfp.h, include/linux/mm.h. Allocation may sleep: for the context of a process.

use crate::bindings;
use crate::io_buffer::IoBufferReader;
use crate::user_ptr::UserSlicePtrReader;
use crate::{Error, Result, PAGE_SIZE};
use core::ptr;

/// `2^ORDER` pages in a row, zeroed at first, freed when dropped (`alloc_pages()`,
/// `__free_pages()`).
///
/// What is mapped into user space stays there until it is unmapped, even when this is dropped.
///
/// # Invariants
///
/// `pages` is the first page of an allocation of this order, which the value owns.
pub struct Pages<const ORDER: u32> {
    pages: *mut bindings::page,
}

// SAFETY: any task may use and free pages.
unsafe impl<const ORDER: u32> Send for Pages<ORDER> {}

// SAFETY: the content is raw memory that user space may change at any time, too; whoever reads or
// writes it by a pointer promises that nothing is in the way.
unsafe impl<const ORDER: u32> Sync for Pages<ORDER> {}

impl<const ORDER: u32> Pages<ORDER> {
    /// Allocates the pages.
    ///
    /// # Errors
    ///
    /// [`Error::ENOMEM`], also if no allocation can be so large.
    pub fn new() -> Result<Self> {
        // The page allocator warns of an order that it does not have.
        if ORDER > bindings::KMALLOC_SHIFT_MAX - bindings::PAGE_SHIFT {
            return Err(Error::ENOMEM);
        }
        let flags = bindings::GFP_KERNEL | bindings::__GFP_ZERO;
        // SAFETY: any flags and order may be asked for.
        let pages = unsafe { bindings::rust_helper_alloc_pages(flags, ORDER) };
        if pages.is_null() {
            return Err(Error::ENOMEM);
        }
        // INVARIANT: the allocation has just been made.
        Ok(Pages { pages })
    }

    /// Maps the first page at an address of user space (`vm_insert_page()`), in the `mmap`
    /// operation, with `vma` as given there.
    ///
    /// # Errors
    ///
    /// [`Error::EFAULT`] if the address is outside of the area, [`Error::EBUSY`] if another page
    /// is there, [`Error::ENOMEM`].
    pub fn insert_page(&self, vma: &mut bindings::vm_area_struct, address: usize) -> Result {
        // SAFETY: the area is locked as long as it is lent, and the page is valid; the mapping
        // takes a reference of its own.
        let ret = unsafe { bindings::vm_insert_page(vma, address as _, self.pages) };
        if ret != 0 {
            return Err(Error::from_kernel_errno(ret));
        }
        Ok(())
    }

    /// Copies `len` bytes from user space to `offset`. May sleep.
    ///
    /// # Errors
    ///
    /// [`Error::EINVAL`] if they do not fit, [`Error::EFAULT`] as
    /// [`IoBufferReader::read_raw`].
    pub fn copy_into_page(
        &self,
        reader: &mut UserSlicePtrReader,
        offset: usize,
        len: usize,
    ) -> Result {
        let to = self.range(offset, len)?;
        // SAFETY: the range lies in the pages.
        unsafe { reader.read_raw(to, len) }
    }

    /// Copies `len` bytes from `offset` to `dest`.
    ///
    /// # Errors
    ///
    /// [`Error::EINVAL`] if they do not lie in the pages.
    ///
    /// # Safety
    ///
    /// `dest` is valid for writes of `len` bytes, and nobody writes to this part of the pages.
    pub unsafe fn read(&self, dest: *mut u8, offset: usize, len: usize) -> Result {
        let from = self.range(offset, len)?;
        // SAFETY: the range lies in the pages; the caller's promise.
        unsafe { ptr::copy(from, dest, len) };
        Ok(())
    }

    /// Copies `len` bytes from `src` to `offset`.
    ///
    /// # Errors
    ///
    /// [`Error::EINVAL`] if they do not fit.
    ///
    /// # Safety
    ///
    /// `src` is valid for reads of `len` bytes, and nobody else uses this part of the pages.
    pub unsafe fn write(&self, src: *const u8, offset: usize, len: usize) -> Result {
        let to = self.range(offset, len)?;
        // SAFETY: the range lies in the pages; the caller's promise.
        unsafe { ptr::copy(src, to, len) };
        Ok(())
    }

    /// The kernel's address of `len` bytes at `offset`, which are checked to lie in the pages.
    fn range(&self, offset: usize, len: usize) -> Result<*mut u8> {
        let end = offset.checked_add(len).ok_or(Error::EINVAL)?;
        if end > PAGE_SIZE << ORDER {
            return Err(Error::EINVAL);
        }
        // SAFETY: the type invariant; the flags do not allow pages without an address.
        let start: *mut u8 = unsafe { bindings::rust_helper_page_address(self.pages) }.cast();
        // SAFETY: the offset lies in the allocation.
        Ok(unsafe { start.add(offset) })
    }
}

impl<const ORDER: u32> Drop for Pages<ORDER> {
    fn drop(&mut self) {
        // SAFETY: the type invariant.
        unsafe { bindings::__free_pages(self.pages, ORDER) };
    }
}
