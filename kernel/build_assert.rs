// SPDX-License-Identifier: GPL-2.0

//! Conditions that the optimiser has to prove.

use core::intrinsics::{abort, const_eval_select};

/// Stops the build if the compiler cannot prove that this is never reached: C's `BUILD_BUG()`
/// (include/linux/build_bug.h).
///
/// In a constant the compiler says `message`. In a function, a call that is left after
/// optimisation refers to a function that there is nowhere, and modpost says
/// `"rust_build_error" [<module>.ko] undefined!`.
#[inline(always)]
pub const fn build_error(message: &'static str) -> ! {
    const_eval_select((message,), in_constant, in_function)
}

const fn in_constant(message: &'static str) -> ! {
    panic!("{}", message)
}

#[inline(always)]
fn in_function(_: &'static str) -> ! {
    // SAFETY: what does not exist is not called: a module that refers to it is not linked.
    unsafe { rust_build_error() };
    // objtool would warn of a function that goes on behind its end.
    abort()
}

unsafe extern "C" {
    /// Defined nowhere.
    fn rust_build_error();
}

/// A condition that holds wherever the optimiser leaves the check: C's `BUILD_BUG_ON()`, for
/// arguments of inline functions and of generic code. See [`build_error`](crate::build_error()).
///
/// Functions that hold it for their arguments should be `#[inline(always)]`.
///
/// # Examples
///
/// ```ignore
/// fn first<const N: usize>(array: &[u8; N]) -> u8 {
///     build_assert!(N > 0, "the array is empty");
///     array[0]
/// }
/// ```
#[macro_export]
macro_rules! build_assert {
    ($cond:expr $(,)?) => {{
        if !$cond {
            $crate::build_error(concat!("assertion failed: ", stringify!($cond)));
        }
    }};
    ($cond:expr, $msg:expr $(,)?) => {{
        if !$cond {
            $crate::build_error($msg);
        }
    }};
}
