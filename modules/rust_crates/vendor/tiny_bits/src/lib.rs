// SPDX-License-Identifier: GPL-2.0
//! The set bits of a word.

#![cfg_attr(not(feature = "std"), no_std)]

#[cfg(feature = "iter")]
mod iter;

#[cfg(feature = "iter")]
pub use iter::Iter;

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A word, bit by bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits(u64);

/// There is no such bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange(pub u32);

#[cfg(feature = "std")]
impl std::error::Error for OutOfRange {}

#[cfg(feature = "std")]
impl std::fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "there is no bit {}", self.0)
    }
}

impl Bits {
    /// The bits of a word.
    pub const fn new(word: u64) -> Self {
        Bits(word)
    }

    /// Whether a bit is set.
    pub fn get(self, bit: u32) -> Result<bool, OutOfRange> {
        match bit {
            0..=63 => Ok(self.0 >> bit & 1 == 1),
            _ => Err(OutOfRange(bit)),
        }
    }
}
