// SPDX-License-Identifier: GPL-2.0

//! Printing to the kernel log: `pr_*!` over `_printk()`.
//!
//! C: include/linux/printk.h, include/linux/kern_levels.h. Safe in any context, as `printk()` is.
//!
//! `%pA`, which takes Rust's `fmt::Arguments`, is only known to kernels built with CONFIG_RUST.
//! So the text is formatted here, in a buffer on the stack, and printed as `%s`.

use crate::bindings;
use crate::c_types::{c_char, c_int};
use core::fmt::{self, Write};

/// The longest text in one record, in bytes. printk cuts what is longer than `LOG_LINE_MAX`
/// (kernel/printk/printk.c; 976 at the least), and in front of the text stand a level of 2 bytes,
/// a module name of up to 55 and `": "`.
const RECORD_MAX: usize = 896;

/// printk's formats: `KERN_<LEVEL> "%s: %.*s"`.
#[doc(hidden)]
pub mod format_strings {
    pub type Format = [u8; 11];
    pub static EMERG: Format = *b"\x010%s: %.*s\0";
    pub static ALERT: Format = *b"\x011%s: %.*s\0";
    pub static CRIT: Format = *b"\x012%s: %.*s\0";
    pub static ERR: Format = *b"\x013%s: %.*s\0";
    pub static WARNING: Format = *b"\x014%s: %.*s\0";
    pub static NOTICE: Format = *b"\x015%s: %.*s\0";
    pub static INFO: Format = *b"\x016%s: %.*s\0";
    pub static CONT: [u8; 7] = *b"\x01c%.*s\0";
}

/// How a record is begun.
#[derive(Clone, Copy)]
enum Start<'a> {
    /// As a line of its own: a format, and a prefix that ends in NUL.
    Line(&'static format_strings::Format, &'a [u8]),
    /// As the continuation of the line before.
    Continuation,
}

/// A text on its way to the log. Where one record cannot hold it, it goes on in the next one.
struct Record<'a> {
    start: Start<'a>,
    text: [u8; RECORD_MAX],
    len: usize,
}

impl<'a> Record<'a> {
    /// Prints `args`. What a failing `Display` has written until then is printed, too.
    #[inline(never)]
    fn print(start: Start<'a>, args: fmt::Arguments<'_>) {
        let mut record = Record {
            start,
            text: [0; RECORD_MAX],
            len: 0,
        };
        let _ = record.write_fmt(args);
        record.flush();
    }

    fn flush(&mut self) {
        let text = self.text.as_ptr().cast::<c_char>();
        let len = self.len as c_int;
        self.len = 0;
        match self.start {
            // SAFETY: the format takes a string that ends in NUL, a length, and so many bytes.
            Start::Line(format, prefix) => unsafe {
                bindings::_printk(format.as_ptr().cast(), prefix.as_ptr(), len, text);
            },
            // SAFETY: the format takes a length and so many bytes.
            Start::Continuation => unsafe {
                bindings::_printk(format_strings::CONT.as_ptr().cast(), len, text);
            },
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        if let Some(free) = self.text.get_mut(self.len..self.len + bytes.len()) {
            free.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }
}

impl fmt::Write for Record<'_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        for char in s.chars() {
            if self.len + char.len_utf8() > RECORD_MAX {
                self.flush();
            }
            match char {
                // `%s` would end here, and lose the rest.
                '\0' => self.push(b"?"),
                char => self.push(char.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Ok(())
    }
}

/// Prints a line, or several where it is too long for one record. For the macros.
#[doc(hidden)]
pub fn call_printk(
    format: &'static format_strings::Format,
    module_name: &[u8],
    args: fmt::Arguments<'_>,
) {
    Record::print(Start::Line(format, module_name), args);
}

/// Prints the continuation of a line. For [`pr_cont!`](crate::pr_cont).
#[doc(hidden)]
pub fn call_printk_cont(args: fmt::Arguments<'_>) {
    Record::print(Start::Continuation, args);
}

/// Prints at one of printk's levels. For the macros.
#[doc(hidden)]
#[macro_export]
macro_rules! print_macro (
    ($format:ident, $($arg:tt)+) => (
        $crate::print::call_printk(
            &$crate::print::format_strings::$format,
            crate::__LOG_PREFIX,
            ::core::format_args!($($arg)+),
        )
    )
);

/// Prints an emergency-level message (level 0): the system is unusable.
///
/// The arguments are those of [`core::format_args!`]; the module's name comes in front.
#[macro_export]
macro_rules! pr_emerg (
    ($($arg:tt)*) => ($crate::print_macro!(EMERG, $($arg)*))
);

/// Prints an alert-level message (level 1): action must be taken at once.
///
/// The arguments are those of [`core::format_args!`]; the module's name comes in front.
#[macro_export]
macro_rules! pr_alert (
    ($($arg:tt)*) => ($crate::print_macro!(ALERT, $($arg)*))
);

/// Prints a critical-level message (level 2).
///
/// The arguments are those of [`core::format_args!`]; the module's name comes in front.
#[macro_export]
macro_rules! pr_crit (
    ($($arg:tt)*) => ($crate::print_macro!(CRIT, $($arg)*))
);

/// Prints an error-level message (level 3).
///
/// The arguments are those of [`core::format_args!`]; the module's name comes in front.
#[macro_export]
macro_rules! pr_err (
    ($($arg:tt)*) => ($crate::print_macro!(ERR, $($arg)*))
);

/// Prints a warning-level message (level 4).
///
/// The arguments are those of [`core::format_args!`]; the module's name comes in front.
#[macro_export]
macro_rules! pr_warn (
    ($($arg:tt)*) => ($crate::print_macro!(WARNING, $($arg)*))
);

/// Prints a notice-level message (level 5): normal, but significant.
///
/// The arguments are those of [`core::format_args!`]; the module's name comes in front.
#[macro_export]
macro_rules! pr_notice (
    ($($arg:tt)*) => ($crate::print_macro!(NOTICE, $($arg)*))
);

/// Prints an info-level message (level 6).
///
/// The arguments are those of [`core::format_args!`]; the module's name comes in front.
#[macro_export]
macro_rules! pr_info (
    ($($arg:tt)*) => ($crate::print_macro!(INFO, $($arg)*))
);

/// Continues the message before, if that did not end in a newline.
///
/// Only for the early life of the system: records of other CPUs may come in between.
#[macro_export]
macro_rules! pr_cont (
    ($($arg:tt)*) => ($crate::print::call_printk_cont(::core::format_args!($($arg)*)))
);
