// SPDX-License-Identifier: GPL-2.0

//! Conditions that the compiler checks.

/// A condition on constants, which the compiler checks: C's `static_assert()`
/// (include/linux/build_bug.h). For conditions on what generic code is instantiated with, see
/// [`build_assert!`](crate::build_assert).
///
/// # Examples
///
/// ```ignore
/// static_assert!(42 > 24);
/// static_assert!(core::mem::size_of::<u8>() == 1);
/// ```
#[macro_export]
macro_rules! static_assert {
    ($condition:expr $(,)?) => {
        const _: () = ::core::assert!($condition);
    };
    ($condition:expr, $message:literal $(,)?) => {
        const _: () = ::core::assert!($condition, $message);
    };
}
