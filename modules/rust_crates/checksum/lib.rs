// SPDX-License-Identifier: GPL-2.0
//! Checksums of a few kinds.

#![no_std]

use tiny_bits::Bits;

/// The sum of all bytes, each weighted by its place if that is wanted.
pub fn sum(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .zip(1..)
        .map(|(byte, place)| weight(place) * u32::from(*byte))
        .sum()
}

#[cfg(feature = "weighted")]
fn weight(place: u32) -> u32 {
    place
}

#[cfg(not(feature = "weighted"))]
fn weight(_place: u32) -> u32 {
    1
}

/// How many bits are set in all bytes.
pub fn weight_of_bits(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .map(|byte| Bits::new(u64::from(*byte)).iter().count())
        .sum()
}

/// The byte at a place.
///
/// # Panics
///
/// If there is none.
#[inline]
pub fn byte_at(bytes: &[u8], place: usize) -> u8 {
    bytes[place]
}
