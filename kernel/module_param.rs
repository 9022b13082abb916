// SPDX-License-Identifier: GPL-2.0

//! Module parameters: what [`module!`](macros::module)'s `params` is made of.
//!
//! C: include/linux/moduleparam.h, kernel/params.c. The kernel sets a parameter before `init`
//! (`insmod x.ko name=value`), and through /sys/module/x/parameters/name if it may be written.

use crate::bindings;
use crate::buffer::Buffer;
use crate::c_types::{c_char, c_int, c_longlong, c_ulonglong, c_void};
use crate::str::CStr;
use crate::{Error, PAGE_SIZE};
use alloc::vec::Vec;
use core::fmt::{self, Display, Write};
use core::mem::MaybeUninit;

/// A type that a parameter can have.
pub trait ModuleParam: Display + Sized {
    /// What `read` of a parameter gives a reference to.
    type Value: ?Sized;

    /// Whether the name alone, without `=value`, is enough (`KERNEL_PARAM_OPS_FL_NOARG`).
    const NOARG_ALLOWED: bool;

    /// The value that a text stands for, if it stands for one. `None` is the name alone.
    ///
    /// What is written to sysfs ends in the newline that `echo` puts there.
    fn try_from_param_arg(arg: Option<&'static [u8]>) -> Option<Self>;

    /// The value itself.
    fn value(&self) -> &Self::Value;

    /// The kernel's `set`: replaces the value by that of a text, or gives `-EINVAL`.
    ///
    /// # Safety
    ///
    /// `val` is null or a C string that outlives the call; `param` is valid, with an `arg` that
    /// points to a `Self`. The parameters are locked, or the module is being loaded.
    unsafe extern "C" fn set_param(
        val: *const c_char,
        param: *const bindings::kernel_param,
    ) -> c_int {
        // SAFETY: the caller's promise; no value keeps the reference, for the texts of sysfs go.
        let arg = (!val.is_null()).then(|| unsafe { CStr::from_char_ptr(val) }.as_bytes());
        match Self::try_from_param_arg(arg) {
            Some(new) => {
                // SAFETY: the caller's promise.
                unsafe { *(*param).__bindgen_anon_1.arg.cast::<Self>() = new };
                0
            }
            None => Error::EINVAL.to_kernel_errno(),
        }
    }

    /// The kernel's `get`: writes the value as a line of text, and gives its length.
    ///
    /// # Safety
    ///
    /// `buf` is a page; `param` is valid, with an `arg` that points to a `Self`. The parameters
    /// are locked.
    unsafe extern "C" fn get_param(
        buf: *mut c_char,
        param: *const bindings::kernel_param,
    ) -> c_int {
        // SAFETY: the caller's promise.
        let value = unsafe { &*(*param).__bindgen_anon_1.arg.cast::<Self>() };
        // SAFETY: the caller's promise.
        unsafe { show(buf, format_args!("{value}\n")) }
    }

    /// The kernel's `free`: drops the value, when the module goes.
    ///
    /// # Safety
    ///
    /// `arg` points to a `Self` that nobody uses any more.
    unsafe extern "C" fn free(arg: *mut c_void) {
        // SAFETY: the caller's promise.
        unsafe { core::ptr::drop_in_place(arg.cast::<Self>()) };
    }
}

/// Writes to a page of sysfs, as far as there is room.
///
/// # Safety
///
/// `buf` is a page.
unsafe fn show(buf: *mut c_char, text: fmt::Arguments<'_>) -> c_int {
    // SAFETY: the caller's promise.
    let mut page = unsafe { Buffer::from_raw(buf.cast(), PAGE_SIZE) };
    let _ = page.write_fmt(text);
    page.bytes_written() as c_int
}

/// The longest text of an integer, and more: 64 bits have 22 octal digits, a sign and a prefix.
const INTEGER_MAX: usize = 32;

/// `arg` as a C string, for `kstrto*()`.
fn terminated(arg: &[u8]) -> Option<[c_char; INTEGER_MAX]> {
    let mut text = [0; INTEGER_MAX];
    // The last byte stays NUL.
    for (to, from) in text[..INTEGER_MAX - 1]
        .get_mut(..arg.len())?
        .iter_mut()
        .zip(arg)
    {
        *to = *from as c_char;
    }
    Some(text)
}

/// The number that a text stands for: decimal, hexadecimal with `0x`, octal with `0` (`kstrtoll()`).
fn signed(arg: &[u8]) -> Option<c_longlong> {
    let text = terminated(arg)?;
    let mut value = 0;
    // SAFETY: the text ends in NUL.
    let ret = unsafe { bindings::kstrtoll(text.as_ptr(), 0, &mut value) };
    (ret == 0).then_some(value)
}

/// As [`signed`], by `kstrtoull()`.
fn unsigned(arg: &[u8]) -> Option<c_ulonglong> {
    let text = terminated(arg)?;
    let mut value = 0;
    // SAFETY: the text ends in NUL.
    let ret = unsafe { bindings::kstrtoull(text.as_ptr(), 0, &mut value) };
    (ret == 0).then_some(value)
}

macro_rules! integers {
    ($parse:ident: $($type:ident)*) => {$(
        impl ModuleParam for $type {
            type Value = $type;

            const NOARG_ALLOWED: bool = false;

            fn try_from_param_arg(arg: Option<&'static [u8]>) -> Option<Self> {
                $type::try_from($parse(arg?)?).ok()
            }

            fn value(&self) -> &Self::Value {
                self
            }
        }
    )*};
}

integers! { signed: i8 i16 i32 i64 isize }
integers! { unsigned: u8 u16 u32 u64 usize }

impl ModuleParam for bool {
    type Value = bool;

    const NOARG_ALLOWED: bool = true;

    /// What `kstrtobool()` knows (`y`, `n`, `1`, `0`, `on`, `off`), `true` and `false`.
    fn try_from_param_arg(arg: Option<&'static [u8]>) -> Option<Self> {
        let Some(arg) = arg else {
            return Some(true);
        };
        match arg.strip_suffix(b"\n").unwrap_or(arg) {
            b"true" => return Some(true),
            b"false" => return Some(false),
            _ => (),
        }
        let text = terminated(arg)?;
        let mut value = false;
        // SAFETY: the text ends in NUL.
        let ret = unsafe { bindings::kstrtobool(text.as_ptr(), &mut value) };
        (ret == 0).then_some(value)
    }

    fn value(&self) -> &Self::Value {
        self
    }

    /// `Y` or `N`, as `param_get_bool()` has it.
    unsafe extern "C" fn get_param(
        buf: *mut c_char,
        param: *const bindings::kernel_param,
    ) -> c_int {
        // SAFETY: the caller's promise.
        let value = unsafe { *(*param).__bindgen_anon_1.arg.cast::<Self>() };
        // SAFETY: the caller's promise.
        unsafe { show(buf, format_args!("{}\n", if value { 'Y' } else { 'N' })) }
    }
}

/// A parameter of up to `N` values, given as `name=1,2,3`.
pub struct ArrayParam<T, const N: usize> {
    values: [MaybeUninit<T>; N],
    used: usize,
}

impl<T, const N: usize> ArrayParam<T, N> {
    fn values(&self) -> &[T] {
        // SAFETY: the first `used` ones are initialised.
        unsafe { core::slice::from_raw_parts(self.values.as_ptr().cast(), self.used) }
    }
}

impl<T: Copy, const N: usize> ArrayParam<T, N> {
    const fn new() -> Self {
        Self {
            values: [MaybeUninit::uninit(); N],
            used: 0,
        }
    }

    /// Holds the values, of which there must be no more than `N`.
    pub const fn create(values: &[T]) -> Self {
        assert!(
            values.len() <= N,
            "the default of an ArrayParam has more values than it holds"
        );
        let mut array = Self::new();
        while array.used < values.len() {
            array.values[array.used] = MaybeUninit::new(values[array.used]);
            array.used += 1;
        }
        array
    }

    fn push(&mut self, value: T) -> Option<()> {
        *self.values.get_mut(self.used)? = MaybeUninit::new(value);
        self.used += 1;
        Some(())
    }
}

impl<T: Display, const N: usize> Display for ArrayParam<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, value) in self.values().iter().enumerate() {
            if i > 0 {
                f.write_char(',')?;
            }
            value.fmt(f)?;
        }
        Ok(())
    }
}

impl<T: Copy + ModuleParam, const N: usize> ModuleParam for ArrayParam<T, N> {
    type Value = [T];

    const NOARG_ALLOWED: bool = false;

    fn try_from_param_arg(arg: Option<&'static [u8]>) -> Option<Self> {
        let mut array = Self::new();
        for part in arg?.split(|byte| *byte == b',') {
            array.push(T::try_from_param_arg(Some(part))?)?;
        }
        Some(array)
    }

    fn value(&self) -> &Self::Value {
        self.values()
    }
}

/// A parameter that is a string, without an encoding.
pub enum StringParam {
    /// The default, or the kernel's own command line.
    Ref(&'static [u8]),
    /// What has been set at run time.
    Owned(Vec<u8>),
}

impl StringParam {
    fn bytes(&self) -> &[u8] {
        match self {
            StringParam::Ref(bytes) => bytes,
            StringParam::Owned(bytes) => bytes,
        }
    }
}

impl Display for StringParam {
    /// What is not UTF-8 is shown as the replacement character.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.bytes().utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

impl ModuleParam for StringParam {
    type Value = [u8];

    const NOARG_ALLOWED: bool = false;

    /// Copies the text: that of sysfs is gone after the write.
    fn try_from_param_arg(arg: Option<&'static [u8]>) -> Option<Self> {
        let arg = arg?;
        let mut owned = Vec::new();
        owned.try_reserve_exact(arg.len()).ok()?;
        owned.extend_from_slice(arg);
        Some(StringParam::Owned(owned))
    }

    fn value(&self) -> &Self::Value {
        self.bytes()
    }
}

/// Makes the `struct kernel_param_ops` of a type: `make_param_ops!(PARAM_OPS_X, X);`
#[doc(hidden)]
#[macro_export]
macro_rules! make_param_ops {
    ($(#[$meta:meta])* $ops:ident, $type:ty) => {
        $(#[$meta])*
        pub static $ops: $crate::bindings::kernel_param_ops = $crate::bindings::kernel_param_ops {
            flags: if <$type as $crate::module_param::ModuleParam>::NOARG_ALLOWED {
                $crate::bindings::KERNEL_PARAM_OPS_FL_NOARG as _
            } else {
                0
            },
            set: Some(<$type as $crate::module_param::ModuleParam>::set_param),
            get: Some(<$type as $crate::module_param::ModuleParam>::get_param),
            free: Some(<$type as $crate::module_param::ModuleParam>::free),
        };
    };
}

macro_rules! param_ops {
    ($($ops:ident $type:ty)*) => {$(
        make_param_ops!(
            #[doc = concat!("The operations of a parameter that is a `", stringify!($type), "`.")]
            $ops,
            $type
        );
    )*};
}

param_ops! {
    PARAM_OPS_BOOL bool
    PARAM_OPS_I8 i8
    PARAM_OPS_U8 u8
    PARAM_OPS_I16 i16
    PARAM_OPS_U16 u16
    PARAM_OPS_I32 i32
    PARAM_OPS_U32 u32
    PARAM_OPS_I64 i64
    PARAM_OPS_U64 u64
    PARAM_OPS_ISIZE isize
    PARAM_OPS_USIZE usize
    PARAM_OPS_STR StringParam
}

/// A `struct kernel_param` in the section that the module loader looks in.
#[doc(hidden)]
#[repr(transparent)]
pub struct KernelParam(pub bindings::kernel_param);

// SAFETY: only the kernel uses it, which locks the value that it points to.
unsafe impl Sync for KernelParam {}
