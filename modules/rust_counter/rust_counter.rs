// SPDX-License-Identifier: GPL-2.0

//! A module whose crate other modules use: named counters, which all of them share.

#![no_std]

use core::sync::atomic::{AtomicU64, Ordering};
use kernel::prelude::*;

module! {
    type: RustCounter,
    name: b"rust_counter",
    author: b"The scons-kmod authors",
    description: b"A crate that other modules use",
    license: b"GPL v2",
}

/// What is counted.
#[derive(Clone, Copy)]
pub enum Event {
    /// A thing came, of so many bytes.
    Came { bytes: u32 },
    /// A thing went.
    Went,
}

/// How often each event has been counted, and how many bytes came.
#[derive(Debug, PartialEq)]
pub struct Totals {
    pub came: u64,
    pub went: u64,
    pub bytes: u64,
}

static CAME: AtomicU64 = AtomicU64::new(0);
static WENT: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

/// Counts an event, whoever calls.
pub fn count(event: Event) {
    match event {
        Event::Came { bytes } => {
            add(&CAME, 1);
            add(&BYTES, bytes.into());
        }
        Event::Went => add(&WENT, 1),
    }
}

/// What all modules have counted so far.
pub fn totals() -> Totals {
    let [came, went, bytes] = [&CAME, &WENT, &BYTES].map(|counter| counter.load(Ordering::Relaxed));
    Totals { came, went, bytes }
}

/// Counts what an iterator has: code that is compiled for each caller, and reaches what is private here.
pub fn count_all<I: IntoIterator<Item = Event>>(events: I) -> usize {
    events.into_iter().map(count).count()
}

#[inline(never)]
fn add(counter: &AtomicU64, number: u64) {
    counter.fetch_add(number, Ordering::Relaxed);
}

struct RustCounter;

impl KernelModule for RustCounter {
    fn init() -> Result<Self> {
        Ok(RustCounter)
    }
}

impl Drop for RustCounter {
    fn drop(&mut self) {
        pr_info!("{:?}\n", totals());
    }
}
