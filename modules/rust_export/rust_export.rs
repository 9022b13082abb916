// SPDX-License-Identifier: GPL-2.0

//! A module of Rust that exports functions and data to others, of C too: `c_uses_rust` has them.
//!
//! `[exports]` of the manifest names them, and the header that declares them to C. Types and order
//! of arguments have to be the same in both.

#![no_std]
#![feature(allocator_api, global_asm)]

use core::sync::atomic::{AtomicI32, Ordering};
use kernel::prelude::*;

module! {
    type: RustExport,
    name: b"rust_export",
    author: b"The scons-kmod authors",
    description: b"Digests for other modules, in Rust",
    license: b"GPL v2",
}

/// The largest prime below 2^16 (RFC 1950).
const MODULUS: u32 = 65521;

/// C's `struct digest`: Adler-32 of what was added.
#[repr(C)]
pub struct Digest {
    a: u16,
    b: u16,
}

impl Digest {
    fn add(&mut self, data: &[u8]) -> u32 {
        for byte in data {
            self.a = ((u32::from(self.a) + u32::from(*byte)) % MODULUS) as u16;
            self.b = ((u32::from(self.b) + u32::from(self.a)) % MODULUS) as u16;
        }
        u32::from(self.b) << 16 | u32::from(self.a)
    }
}

/// How many digests were begun. C's `atomic_t` is an `int`.
#[export_name = "digests"]
pub static DIGESTS: AtomicI32 = AtomicI32::new(0);

/// The digest of nothing.
#[no_mangle]
pub extern "C" fn digest_new() -> Digest {
    DIGESTS.fetch_add(1, Ordering::Relaxed);
    Digest { a: 1, b: 0 }
}

/// Adds bytes; returns the digest of all so far.
///
/// # Safety
///
/// `digest` is from [`digest_new`] and nobody else uses it; `data` is valid for reads of `count`
/// bytes.
#[no_mangle]
pub unsafe extern "C" fn digest_add(digest: *mut Digest, data: *const u8, count: usize) -> u32 {
    // SAFETY: the caller has promised it.
    let (digest, data) = unsafe { (&mut *digest, core::slice::from_raw_parts(data, count)) };
    digest.add(data)
}

struct RustExport;

impl KernelModule for RustExport {
    fn init() -> Result<Self> {
        Ok(RustExport)
    }
}

impl Drop for RustExport {
    fn drop(&mut self) {
        pr_info!("{} digests were begun\n", DIGESTS.load(Ordering::Relaxed));
    }
}
