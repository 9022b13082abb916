// SPDX-License-Identifier: GPL-2.0
//! A module whose crate another module uses.

use core::sync::atomic::{AtomicU32, Ordering};
use kernel::prelude::*;

module! {
    type: Counter,
    name: "mainline_counter",
    description: "A crate that another module uses",
    license: "GPL",
}

static COUNTED: AtomicU32 = AtomicU32::new(0);

/// Counts, and returns how often that has been done.
pub fn count() -> u32 {
    COUNTED.fetch_add(1, Ordering::Relaxed) + 1
}

/// What is done once for each count: compiled for each caller.
pub fn counted<R>(work: impl FnOnce(u32) -> R) -> R {
    work(count())
}

struct Counter;

impl kernel::Module for Counter {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Counter)
    }
}
