// SPDX-License-Identifier: GPL-2.0

//! The device tree: which devices a driver is for.
//!
//! C: include/linux/of.h, include/linux/mod_devicetable.h. Only a kernel that has CONFIG_OF looks
//! into the table; to the others it means nothing.

use crate::bindings;
use crate::str::CStr;
use crate::{Error, Result};
use alloc::boxed::Box;

/// An entry that matches, and the empty one that ends a table.
type Table = [bindings::of_device_id; 2];

/// What a driver's devices are called in the device tree (`struct of_device_id`).
pub struct OfMatchTable {
    table: Box<Table>,
}

// SAFETY: nothing writes to the table.
unsafe impl Send for OfMatchTable {}

// SAFETY: as above.
unsafe impl Sync for OfMatchTable {}

impl OfMatchTable {
    /// Matches the devices whose `compatible` property holds this text.
    ///
    /// # Errors
    ///
    /// [`Error::EINVAL`] if it is longer than C's `compatible` has room for, [`Error::ENOMEM`].
    pub fn new(compatible: &'static CStr) -> Result<Self> {
        let mut table = Box::try_new(Table::default())?;
        let room = &mut table[0].compatible;
        // The NUL has to fit, too.
        let room = room
            .get_mut(..compatible.len_with_nul())
            .ok_or(Error::EINVAL)?;
        for (to, from) in room.iter_mut().zip(compatible.as_bytes_with_nul()) {
            *to = *from as _;
        }
        Ok(OfMatchTable { table })
    }

    /// The table as C takes it, valid as long as `self`.
    pub(crate) fn as_ptr(&self) -> *const bindings::of_device_id {
        self.table.as_ptr()
    }
}
