// SPDX-License-Identifier: GPL-2.0
//! A crate that uses the kernel's own ones.

use kernel::{prelude::*, sync::Arc};

const LIMIT: usize = if cfg!(feature = "deep") { 4 } else { 2 };

/// Numbers that are taken from where they were put.
pub struct Stack {
    numbers: KVec<u64>,
    limit: Arc<usize>,
}

impl Stack {
    /// An empty one.
    pub fn new() -> Result<Self> {
        Ok(Stack {
            numbers: KVec::new(),
            limit: Arc::new(LIMIT, GFP_KERNEL)?,
        })
    }

    /// Put a number there.
    pub fn push(&mut self, number: u64) -> Result {
        if self.numbers.len() == *self.limit {
            return Err(ENOSPC);
        }
        self.numbers.push(number, GFP_KERNEL)?;
        Ok(())
    }

    /// The sum of the numbers.
    pub fn sum(&self) -> u64 {
        self.numbers.iter().sum()
    }
}
