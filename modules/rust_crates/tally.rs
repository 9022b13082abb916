// SPDX-License-Identifier: GPL-2.0
//! A crate that uses the kernel's and a proc macro.

#![no_std]

use kernel::prelude::*;
use names::Names;

/// What is counted.
#[derive(Clone, Copy, Names)]
pub enum Kind {
    OpenFile,
    ClosedFile,
}

/// How often each kind was counted.
pub struct Tally {
    counts: Vec<(Kind, u32)>,
}

impl Tally {
    /// An empty one.
    pub fn new() -> Result<Self> {
        let mut counts = Vec::new();
        counts.try_reserve(2)?;
        counts.extend([(Kind::OpenFile, 0), (Kind::ClosedFile, 0)]);
        Ok(Tally { counts })
    }

    /// Count one of a kind.
    pub fn count(&mut self, kind: Kind) {
        self.counts[kind as usize].1 += 1;
    }

    /// All counts by their names.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, u32)> + '_ {
        self.counts
            .iter()
            .map(|(kind, count)| (kind.name(), *count))
    }

    /// How many characters stand between words in all names.
    pub fn separators(&self) -> usize {
        self.all()
            .flat_map(|(name, _)| name.chars())
            .filter(|letter| *letter == spelling::SEPARATOR)
            .count()
    }
}
