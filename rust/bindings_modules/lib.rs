// SPDX-License-Identifier: GPL-2.0

//! The kernel's C declarations that modules name and `kernel/` does not, around bindgen's output. It
//! re-exports those that several wrappers share.

#![no_std]
#![allow(
    clippy::all,
    dead_code,
    improper_ctypes,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unnecessary_transmutes,
    unsafe_op_in_unsafe_fn
)]

pub use bindings::*;

include!(env!("RUST_BINDINGS_FILE"));
