// SPDX-License-Identifier: GPL-2.0

//! The kernel's C declarations that modules name and `kernel/` does not, around bindgen's output. It
//! re-exports those that several wrappers share.

#![no_std]

pub use bindings::*;

include!(env!("RUST_BINDINGS_FILE"));
