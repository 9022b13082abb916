// SPDX-License-Identifier: GPL-2.0
//! How names are spelled: what the proc macro and the kernel's code must agree on.

#![no_std]

/// What stands between the words of a name.
pub const SEPARATOR: char = '-';

/// The characters of a name in small letters, with a separator before each capital but the first.
pub fn spelled(name: &str) -> impl Iterator<Item = char> + '_ {
    name.char_indices().flat_map(|(at, letter)| {
        let parted = at > 0 && letter.is_ascii_uppercase();
        parted
            .then_some(SEPARATOR)
            .into_iter()
            .chain(core::iter::once(letter.to_ascii_lowercase()))
    })
}
