// SPDX-License-Identifier: GPL-2.0

//! The parts of the kernel crate that need no kernel, as a program for this machine: the same
//! sources, over a stand-in for the kernel's C functions.

#![feature(allocator_api)]
#![allow(dead_code, unused_imports)]

extern crate alloc;

mod bindings;
mod tests;

#[path = "../../../kernel"]
mod kernel {
    pub mod buffer;
    pub mod c_types;
    pub mod error;
    pub mod fallible;
    pub mod io_buffer;
    pub mod module_param;
    pub mod rbtree;
    pub mod str;
}

pub use kernel::{buffer, c_types, error, fallible, io_buffer, module_param, rbtree, str};

pub use error::{Error, Result};

pub const PAGE_SIZE: usize = 4096;

pub mod prelude {
    pub use std::{boxed::Box, vec::Vec};
}

#[macro_export]
macro_rules! pr_warn {
    ($($arg:tt)*) => { print!($($arg)*) };
}

#[macro_export]
macro_rules! container_of {
    ($ptr:expr, $type:ty, $field:ident) => {
        $ptr.cast::<u8>()
            .wrapping_sub(core::mem::offset_of!($type, $field))
            .cast_const()
            .cast::<$type>()
    };
}
