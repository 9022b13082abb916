// SPDX-License-Identifier: GPL-2.0
//! A crate that several modules are linked with. What is static in it, each of them has for itself.

#![no_std]

use core::sync::atomic::{AtomicU32, Ordering};

static CALLS: AtomicU32 = AtomicU32::new(0);

/// The n-th number of the sequence that begins with 0, 1, and how often this was asked before.
pub fn fibonacci(n: u32) -> (u64, u32) {
    let (number, _) = (0..n).fold((0, 1), |(a, b), _| (b, a + b));
    (number, CALLS.fetch_add(1, Ordering::Relaxed))
}

/// What a thing of type `T` needs in memory, and two of them.
#[inline]
pub fn sizes<T>() -> (usize, usize) {
    (core::mem::size_of::<T>(), core::mem::size_of::<[T; 2]>())
}
