// SPDX-License-Identifier: GPL-2.0

//! The allocator behind `Box`, `Vec`, `String` and `Arc`: `krealloc()` and `kfree()`.
//!
//! All allocations are made with `GFP_KERNEL`: they may sleep, so they are for
//! the context of a process, without a spinlock held.

use crate::bindings;
use core::alloc::{GlobalAlloc, Layout};
use core::ptr;

struct KernelAllocator;

/// The size to ask for, or `None` where no slab or page run can hold it.
///
/// kmalloc aligns to `ARCH_KMALLOC_MINALIGN`, and sizes that are powers of two
/// to themselves (Documentation/core-api/memory-allocation.rst). A size that is
/// too large is refused here because kmalloc warns of it.
fn kmalloc_size(layout: Layout) -> Option<usize> {
    let mut size = layout.pad_to_align().size();
    if layout.align() > bindings::ARCH_KMALLOC_MINALIGN {
        size = size.checked_next_power_of_two()?;
    }
    (size <= bindings::KMALLOC_MAX_SIZE as usize).then_some(size)
}

/// Allocates for `layout`, or grows or shrinks `ptr` to it.
///
/// # Safety
///
/// `ptr` is null or came from this function.
unsafe fn krealloc(ptr: *mut u8, layout: Layout, flags: bindings::gfp_t) -> *mut u8 {
    match kmalloc_size(layout) {
        // SAFETY: `ptr` is null or came from `krealloc()`.
        Some(size) => unsafe { bindings::rust_helper_krealloc(ptr.cast(), size, flags).cast() },
        None => ptr::null_mut(),
    }
}

// SAFETY: `krealloc()` returns null or memory of the size and alignment that `kmalloc_size` found
// for the layout, keeps the content when it moves it, and does not unwind.
unsafe impl GlobalAlloc for KernelAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: null asks for new memory.
        unsafe { krealloc(ptr::null_mut(), layout, bindings::GFP_KERNEL) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, _layout: Layout) {
        // SAFETY: the caller gives what `alloc` or `realloc` returned.
        unsafe { bindings::kfree(ptr.cast()) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller guarantees that `new_size`, rounded up, is no overflow.
        let layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        // SAFETY: the caller gives what `alloc` or `realloc` returned.
        unsafe { krealloc(ptr, layout, bindings::GFP_KERNEL) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let flags = bindings::GFP_KERNEL | bindings::__GFP_ZERO;
        // SAFETY: null asks for new memory.
        unsafe { krealloc(ptr::null_mut(), layout, flags) }
    }
}

#[global_allocator]
static ALLOCATOR: KernelAllocator = KernelAllocator;

/// What `handle_alloc_error` ends in: an allocation failed where the API has no way to say so.
#[rustc_std_internal_symbol]
fn __rust_alloc_error_handler(size: usize, _align: usize) -> ! {
    panic!("memory allocation of {size} bytes failed")
}

/// What stands for that in rustc 1.85.
#[no_mangle]
#[allow(non_upper_case_globals)]
static __rust_no_alloc_shim_is_unstable: u8 = 0;

/// liballoc calls this so that it does not link without an allocator.
#[rustc_std_internal_symbol]
fn __rust_no_alloc_shim_is_unstable_v2() {}
