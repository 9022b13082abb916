// SPDX-License-Identifier: GPL-2.0

//! What is done when the queue is full. C asks for it: `policy_*()` in `include/driver.h`.

#![no_std]

use core::sync::atomic::{AtomicBool, Ordering};
use kernel::{c_str, c_types, str::CStr};

/// What to do with a message for which there is no room.
#[derive(Clone, Copy)]
pub enum Policy {
    /// The writer is told.
    Refuse,
    /// It takes the place of the oldest ones.
    DropOldest,
}

static DROPS: AtomicBool = AtomicBool::new(false);

impl Policy {
    /// Makes this the policy from now on.
    pub fn when_full(self) {
        DROPS.store(matches!(self, Policy::DropOldest), Ordering::Relaxed);
    }

    fn now() -> Self {
        if DROPS.load(Ordering::Relaxed) {
            Policy::DropOldest
        } else {
            Policy::Refuse
        }
    }

    fn name(self) -> &'static CStr {
        match self {
            Policy::Refuse => c_str!("refuse"),
            Policy::DropOldest => c_str!("drop the oldest"),
        }
    }
}

/// Whether the oldest message is dropped for one that needs so many bytes.
#[no_mangle]
extern "C" fn policy_drops_oldest(_bytes: u32) -> bool {
    matches!(Policy::now(), Policy::DropOldest)
}

/// The policy's name.
#[no_mangle]
extern "C" fn policy_name() -> *const c_types::c_char {
    Policy::now().name().as_char_ptr()
}
