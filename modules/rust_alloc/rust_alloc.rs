// SPDX-License-Identifier: GPL-2.0

//! The allocator: what it gives is sound, and what it cannot give is an error.

#![no_std]
#![feature(allocator_api, global_asm)]

use core::hint::black_box;
use core::mem::MaybeUninit;
use kernel::prelude::*;

module! {
    type: RustAlloc,
    name: b"rust_alloc",
    author: b"The scons-kmod authors",
    description: b"Rust allocator sample",
    license: b"GPL v2",
    params: {
        bytes: usize {
            default: 4096,
            permissions: 0,
            description: b"How much to keep while the module is loaded",
        },
    },
}

/// More than there is in any machine, and not so much that the size alone is an overflow.
const HUGE: usize = 1 << 45;

#[repr(align(4096))]
struct Page([u8; 4096]);

type Chunk = [u8; 3000];

/// What came of asking for too much. The compiler must not find out that nobody uses the memory:
/// it would not ask for any.
fn outcome<T>(memory: core::result::Result<T, impl Into<Error>>) -> Result {
    memory
        .map(|memory| drop(black_box(memory)))
        .map_err(Into::into)
}

/// The ways to ask for too much, each with what it gives.
fn too_much() -> [(&'static str, Result); 9] {
    let mut vec = Vec::<u64>::new();
    let mut text = String::new();
    [
        ("try_reserve", outcome(vec.try_reserve(HUGE))),
        ("overflow", outcome(vec.try_reserve(usize::MAX))),
        ("try_resize", outcome(vec.try_resize(HUGE, 7))),
        ("String", outcome(text.try_reserve(HUGE))),
        ("Vec", outcome(Vec::<u8>::try_with_capacity(HUGE))),
        ("Box", outcome(Box::<[u8; HUGE]>::try_new_uninit())),
        ("zeroed", outcome(Box::<[u8; HUGE]>::try_new_zeroed())),
        ("Arc", outcome(Arc::<[u8; HUGE]>::try_new_uninit())),
        // More than a slab or a run of pages can be, which is 4 MiB on most machines.
        ("64 MiB", outcome(Vec::<u8>::try_with_capacity(64 << 20))),
    ]
}

/// Memory that was used before comes back as zeroes if that is asked for.
fn zeroed() -> Result<bool> {
    let mut all_zero = true;
    for _ in 0..64 {
        let mut dirty = Box::<Chunk>::try_new_uninit()?;
        // SAFETY: any bytes are a `Chunk`.
        unsafe { dirty.as_mut_ptr().write_bytes(0xa5, 1) };
        drop(black_box(dirty));
        let clean: Box<MaybeUninit<Chunk>> = Box::try_new_zeroed()?;
        // SAFETY: zeroes are a `Chunk`.
        let clean = unsafe { clean.assume_init() };
        all_zero &= clean.iter().all(|byte| *byte == 0);
    }
    Ok(all_zero)
}

/// A vector that grows and shrinks keeps what is in it.
fn realloc() -> Result<bool> {
    let mut numbers = Vec::new();
    for number in 0..100_000u32 {
        numbers.try_push(number)?;
    }
    let mut kept = numbers.iter().copied().eq(0..100_000);
    numbers.truncate(1000);
    let mut numbers = numbers.try_into_boxed_slice()?.into_vec();
    kept &= numbers.capacity() == 1000;
    numbers.try_resize(2000, 5)?;
    kept &= numbers.iter().copied().take(1000).eq(0..1000);
    kept &= numbers[1000..].iter().all(|number| *number == 5);
    Ok(kept)
}

/// An alignment that is greater than kmalloc's own.
fn aligned() -> Result<bool> {
    let mut filled = Vec::new();
    for byte in 0..20 {
        filled.try_push(Box::try_new(Page([byte; 4096]))?)?;
    }
    Ok(filled
        .iter()
        .all(|page| page.0.as_ptr() as usize % 4096 == 0))
}

/// liballoc's `try_` methods of 2021.
fn forms() -> Result<String> {
    let mut text = "on the heap".try_to_owned()?;
    text.try_push_str(", ")?;
    text.try_push('ä')?;
    let mut numbers = try_vec![1, 2, 3]?;
    numbers.try_extend_from_slice(&[4, 5])?;
    numbers.try_insert(0, 0)?;
    let copy = numbers[1..].try_to_vec()?;
    let zeroes = try_vec![0u8; 3]?;
    let shared = Arc::try_new(copy)?;
    pr_info!("{:?} {:?} {:?}\n", numbers, shared, zeroes);
    Ok(text)
}

struct RustAlloc {
    text: String,
    _bytes: Vec<u8>,
}

impl KernelModule for RustAlloc {
    fn init() -> Result<Self> {
        for (what, result) in too_much().iter() {
            pr_info!("too much: {}: {:?}\n", what, result);
        }
        pr_info!("zeroed: {}\n", zeroed()?);
        pr_info!("realloc: {}\n", realloc()?);
        pr_info!("aligned: {}\n", aligned()?);
        Ok(RustAlloc {
            text: forms()?,
            // What cannot be allocated makes insmod fail with ENOMEM.
            _bytes: black_box(Vec::try_with_capacity(*bytes.read())?),
        })
    }
}

impl Drop for RustAlloc {
    fn drop(&mut self) {
        pr_info!("kept: {}\n", self.text);
    }
}
