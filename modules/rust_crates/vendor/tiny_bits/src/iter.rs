// SPDX-License-Identifier: GPL-2.0

use crate::Bits;

/// The numbers of the set bits, from the lowest.
pub struct Iter(u64);

impl Bits {
    /// The numbers of the set bits, from the lowest.
    pub fn iter(self) -> Iter {
        Iter(self.0)
    }
}

impl Iterator for Iter {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.0 == 0 {
            return None;
        }
        let bit = self.0.trailing_zeros();
        self.0 &= self.0 - 1;
        Some(bit)
    }
}
