// SPDX-License-Identifier: GPL-2.0

//! What nearly every module uses: `use kernel::prelude::*;`.

pub use core::pin::Pin;

/// `asm!` and `global_asm!` were names of every crate that turned them on.
pub use core::arch::{asm, global_asm};

pub use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};

pub use macros::{module, module_misc_device};

pub use super::build_assert;

pub use super::{pr_alert, pr_crit, pr_emerg, pr_err, pr_info, pr_notice, pr_warn};

pub use super::static_assert;

pub use super::{Error, KernelModule, Result};

pub use super::fallible::{TrySlice as _, TryString as _, TryToOwned as _, TryVec as _};
pub use super::traits::TryPin;

pub use super::try_vec;

#[allow(deprecated)]
pub use super::KernelResult;
