// SPDX-License-Identifier: GPL-2.0

//! What compilers call of compiler_builtins in kernel code on x86-64, where rustc's sources lack
//! that crate: division of 128-bit integers. Memory functions are the kernel's own.

#![feature(compiler_builtins)]
#![allow(internal_features)]
#![compiler_builtins]
#![no_builtins]
#![no_std]

/// Quotient and remainder, a bit at a time; nothing in the kernel is in a hurry for it.
const fn divided(dividend: u128, divisor: u128) -> (u128, u128) {
    if divisor == 0 {
        panic!("division by zero");
    }
    let (mut quotient, mut remainder) = (0, 0);
    let mut bit = u128::BITS;
    while bit > 0 {
        bit -= 1;
        let carry = remainder >> 127;
        remainder = remainder << 1 | dividend >> bit & 1;
        if carry == 1 || remainder >= divisor {
            remainder = remainder.wrapping_sub(divisor);
            quotient |= 1 << bit;
        }
    }
    (quotient, remainder)
}

const _: () = assert!(matches!(divided(u128::MAX, 10), (q, 5) if q == u128::MAX / 10));
const _: () = assert!(matches!(divided(7, 1 << 127), (0, 7)));
const _: () = assert!(matches!(divided(u128::MAX, u128::MAX - 1), (1, 1)));

/// The quotient of two 128-bit integers.
#[no_mangle]
pub extern "C" fn __udivti3(dividend: u128, divisor: u128) -> u128 {
    divided(dividend, divisor).0
}

/// The remainder of two 128-bit integers.
#[no_mangle]
pub extern "C" fn __umodti3(dividend: u128, divisor: u128) -> u128 {
    divided(dividend, divisor).1
}
