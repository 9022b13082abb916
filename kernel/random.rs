// SPDX-License-Identifier: GPL-2.0

//! The kernel's random number generator.
//!
//! C: include/linux/random.h, drivers/char/random.c.

use crate::bindings;
use crate::{Error, Result};

/// Fills `dest` with random bytes, of the quality of getrandom(2) (`get_random_bytes()`).
///
/// Waits until the generator has been seeded (`wait_for_random_bytes()`): for the context of a
/// process, without a spinlock held.
///
/// # Errors
///
/// [`Error::ERESTARTSYS`] if a signal came in the meantime.
pub fn getrandom(dest: &mut [u8]) -> Result {
    // SAFETY: may be called in the context of any process.
    let ret = unsafe { bindings::wait_for_random_bytes() };
    if ret != 0 {
        return Err(Error::from_kernel_errno(ret));
    }
    // SAFETY: the slice is valid for writes of its length.
    unsafe { bindings::get_random_bytes(dest.as_mut_ptr().cast(), dest.len()) };
    Ok(())
}

/// As [`getrandom`], for all contexts: it does not wait.
///
/// # Errors
///
/// [`Error::EAGAIN`] if the generator has not been seeded yet (`rng_is_initialized()`).
pub fn getrandom_nonblock(dest: &mut [u8]) -> Result {
    // SAFETY: may be called anywhere.
    if !unsafe { bindings::rng_is_initialized() } {
        return Err(Error::EAGAIN);
    }
    getrandom(dest)
}

/// Mixes `data` into the generator's pool, without counting it as entropy
/// (`add_device_randomness()`): it cannot make the pool worse. For any context.
pub fn add_randomness(data: &[u8]) {
    // SAFETY: the slice is valid for reads of its length.
    unsafe { bindings::add_device_randomness(data.as_ptr().cast(), data.len()) };
}
