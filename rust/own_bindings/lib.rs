// SPDX-License-Identifier: GPL-2.0

//! A module's bindings to its own headers, around bindgen's output; the kernel's types are those of `bindings`.

#![no_std]

use bindings::*;
use sizes::*;

/// What the kernel's own parameters for bindgen leave to the crate around its output.
mod sizes {
    pub type __kernel_size_t = usize;
    pub type __kernel_ssize_t = isize;
    pub type __kernel_ptrdiff_t = isize;
}

include!(env!("RUST_BINDINGS_FILE"));
