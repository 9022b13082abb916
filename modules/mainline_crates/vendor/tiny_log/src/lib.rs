// SPDX-License-Identifier: GPL-2.0
//! Logarithms of whole numbers.

#![no_std]

pub const MAJOR: &str = env!("CARGO_PKG_VERSION_MAJOR");

#[cfg(feature = "table")]
static TABLE: [u8; 16] = [0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3];

/// The logarithm to base 2, rounded down.
#[cfg(feature = "table")]
pub fn log2(number: u64) -> Option<u32> {
    let mut rest = number;
    let mut sum = 0;
    while rest >= TABLE.len() as u64 {
        rest >>= 4;
        sum += 4;
    }
    match number {
        0 => None,
        _ => Some(sum + u32::from(TABLE[rest as usize])),
    }
}

/// The logarithm to base 2, rounded down.
#[cfg(not(feature = "table"))]
pub fn log2(number: u64) -> Option<u32> {
    number.checked_ilog2()
}
