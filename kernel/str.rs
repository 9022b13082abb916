// SPDX-License-Identifier: GPL-2.0

//! Strings: bytes without an encoding, and C's NUL-terminated ones.

use crate::bindings;
use crate::c_types::c_char;
use core::fmt::{self, Write};
use core::ops::{self, Deref, Index};

/// A byte string without a fixed encoding.
pub type BStr = [u8];

/// A [`BStr`] from a string literal.
///
/// # Examples
///
/// ```ignore
/// const MY_BSTR: &BStr = b_str!("My awesome BStr!");
/// ```
#[macro_export]
macro_rules! b_str {
    ($str:literal) => {{
        const S: &'static str = $str;
        const C: &'static $crate::str::BStr = S.as_bytes();
        C
    }};
}

/// Why bytes are not a [`CStr`].
#[derive(Debug, Clone, Copy)]
pub enum CStrConvertError {
    /// A NUL byte stands before the end.
    InteriorNul,
    /// The last byte is not NUL, or there is none.
    NotNulTerminated,
}

/// A string that ends in the only NUL byte that it has.
#[repr(transparent)]
pub struct CStr([u8]);

impl CStr {
    /// The length without the NUL.
    #[inline]
    pub const fn len(&self) -> usize {
        self.len_with_nul() - 1
    }

    /// The length with the NUL.
    #[inline]
    pub const fn len_with_nul(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing but the NUL.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Wraps a C string.
    ///
    /// # Safety
    ///
    /// `ptr` points to a NUL-terminated string that lives for `'a` and is not written to in that
    /// time.
    #[inline]
    pub unsafe fn from_char_ptr<'a>(ptr: *const c_char) -> &'a Self {
        // SAFETY: the caller guarantees a NUL-terminated string.
        let len = unsafe { bindings::strlen(ptr) } + 1;
        // SAFETY: the caller guarantees the memory for `'a`.
        let bytes = unsafe { core::slice::from_raw_parts(ptr.cast(), len as usize) };
        // SAFETY: `strlen()` stopped at the first NUL, which is the last byte here.
        unsafe { Self::from_bytes_with_nul_unchecked(bytes) }
    }

    /// Wraps bytes that end in NUL and hold no other.
    pub const fn from_bytes_with_nul(bytes: &[u8]) -> Result<&Self, CStrConvertError> {
        if bytes.is_empty() || bytes[bytes.len() - 1] != 0 {
            return Err(CStrConvertError::NotNulTerminated);
        }
        let mut i = 0;
        while i + 1 < bytes.len() {
            if bytes[i] == 0 {
                return Err(CStrConvertError::InteriorNul);
            }
            i += 1;
        }
        // SAFETY: both properties have been checked.
        Ok(unsafe { Self::from_bytes_with_nul_unchecked(bytes) })
    }

    /// As [`CStr::from_bytes_with_nul`], for constants: what is wrong stops the compiler.
    #[doc(hidden)]
    pub const fn from_bytes_with_nul_unwrap(bytes: &[u8]) -> &Self {
        match Self::from_bytes_with_nul(bytes) {
            Ok(str) => str,
            Err(CStrConvertError::InteriorNul) => panic!("string contains interior NUL"),
            Err(CStrConvertError::NotNulTerminated) => panic!("string is not NUL-terminated"),
        }
    }

    /// As [`CStr::from_bytes_with_nul`], without the checks.
    ///
    /// # Safety
    ///
    /// `bytes` ends in NUL and holds no other.
    #[inline]
    pub const unsafe fn from_bytes_with_nul_unchecked(bytes: &[u8]) -> &CStr {
        // SAFETY: `CStr` is a transparent wrapper of the slice.
        unsafe { core::mem::transmute(bytes) }
    }

    /// The pointer that C functions take.
    #[inline]
    pub const fn as_char_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }

    /// The bytes without the NUL.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0[..self.len()]
    }

    /// The bytes with the NUL.
    #[inline]
    pub const fn as_bytes_with_nul(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for CStr {
    /// Printable ASCII as it is, other bytes as `\xNN`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &byte in self.as_bytes() {
            match byte {
                b' '..=b'~' => f.write_char(byte.into())?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for CStr {
    /// In quotes, with Rust's escapes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

impl AsRef<BStr> for CStr {
    #[inline]
    fn as_ref(&self) -> &BStr {
        self.as_bytes()
    }
}

impl Deref for CStr {
    type Target = BStr;

    #[inline]
    fn deref(&self) -> &Self::Target {
        self.as_bytes()
    }
}

impl Index<ops::RangeFrom<usize>> for CStr {
    type Output = CStr;

    #[inline]
    fn index(&self, index: ops::RangeFrom<usize>) -> &Self::Output {
        assert!(
            index.start <= self.len(),
            "range start index {} out of range for C string of length {}",
            index.start,
            self.len()
        );
        // SAFETY: the rest still ends in the same NUL.
        unsafe { Self::from_bytes_with_nul_unchecked(&self.0[index.start..]) }
    }
}

impl Index<ops::RangeFull> for CStr {
    type Output = CStr;

    #[inline]
    fn index(&self, _index: ops::RangeFull) -> &Self::Output {
        self
    }
}

mod private {
    /// Indices whose result does not end in the string's NUL, so that it is a plain `BStr`.
    pub trait BStrIndex {}

    impl BStrIndex for usize {}
    impl BStrIndex for core::ops::Range<usize> {}
    impl BStrIndex for core::ops::RangeInclusive<usize> {}
    impl BStrIndex for core::ops::RangeTo<usize> {}
    impl BStrIndex for core::ops::RangeToInclusive<usize> {}
}

impl<Idx> Index<Idx> for CStr
where
    Idx: private::BStrIndex,
    BStr: Index<Idx>,
{
    type Output = <BStr as Index<Idx>>::Output;

    #[inline]
    fn index(&self, index: Idx) -> &Self::Output {
        &self.as_bytes()[index]
    }
}

/// A [`CStr`] from a string literal, which must hold no NUL.
///
/// # Examples
///
/// ```ignore
/// const MY_CSTR: &CStr = c_str!("My awesome CStr!");
/// ```
#[macro_export]
macro_rules! c_str {
    ($str:expr) => {{
        const S: &str = concat!($str, "\0");
        const C: &$crate::str::CStr = $crate::str::CStr::from_bytes_with_nul_unwrap(S.as_bytes());
        C
    }};
}
