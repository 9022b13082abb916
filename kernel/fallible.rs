// SPDX-License-Identifier: GPL-2.0

//! Allocation that gives an error where liballoc would give up.
//!
//! The kernel tree of 2021 had a liballoc of its own with these methods. Today's has some of them:
//! `try_reserve`, `try_with_capacity`, `Box::try_new`, `Arc::try_new`, ... The others are here, as
//! traits that the [prelude](crate::prelude) brings in. All may sleep, as the allocator may.

use alloc::{boxed::Box, collections::TryReserveError, string::String, vec::Vec};

/// Appends to a vector that has room for it.
///
/// # Safety
///
/// The vector's length is less than its capacity.
unsafe fn push_within_capacity<T>(vec: &mut Vec<T>, value: T) {
    let len = vec.len();
    // SAFETY: the place is within the allocation.
    unsafe { vec.as_mut_ptr().add(len).write(value) };
    // SAFETY: the value has just been written.
    unsafe { vec.set_len(len + 1) };
}

/// What grows a [`Vec`]. With an error, it is as it was.
pub trait TryVec<T>: Sized {
    /// As [`Vec::push`].
    ///
    /// # Errors
    ///
    /// There is no memory, or the size would overflow.
    fn try_push(&mut self, value: T) -> Result<(), TryReserveError>;

    /// As [`Vec::insert`]; panics if `index` is greater than the length.
    ///
    /// # Errors
    ///
    /// There is no memory, or the size would overflow.
    fn try_insert(&mut self, index: usize, value: T) -> Result<(), TryReserveError>;

    /// As [`Vec::extend_from_slice`].
    ///
    /// # Errors
    ///
    /// There is no memory, or the size would overflow.
    fn try_extend_from_slice(&mut self, other: &[T]) -> Result<(), TryReserveError>
    where
        T: Clone;

    /// As [`Vec::resize`].
    ///
    /// # Errors
    ///
    /// There is no memory, or the size would overflow.
    fn try_resize(&mut self, new_len: usize, value: T) -> Result<(), TryReserveError>
    where
        T: Clone;

    /// As [`Vec::into_boxed_slice`].
    ///
    /// # Errors
    ///
    /// There is no memory: the elements are lost.
    fn try_into_boxed_slice(self) -> Result<Box<[T]>, TryReserveError>;

    /// `len` times `value`, for [`try_vec!`](crate::try_vec).
    #[doc(hidden)]
    fn try_from_elem(value: T, len: usize) -> Result<Self, TryReserveError>
    where
        T: Clone;
}

impl<T> TryVec<T> for Vec<T> {
    fn try_push(&mut self, value: T) -> Result<(), TryReserveError> {
        self.try_reserve(1)?;
        // SAFETY: there is room for one.
        unsafe { push_within_capacity(self, value) };
        Ok(())
    }

    fn try_insert(&mut self, index: usize, value: T) -> Result<(), TryReserveError> {
        self.try_reserve(1)?;
        self.insert(index, value);
        Ok(())
    }

    fn try_extend_from_slice(&mut self, other: &[T]) -> Result<(), TryReserveError>
    where
        T: Clone,
    {
        self.try_reserve(other.len())?;
        for value in other {
            // SAFETY: there is room for all of them.
            unsafe { push_within_capacity(self, value.clone()) };
        }
        Ok(())
    }

    fn try_resize(&mut self, new_len: usize, value: T) -> Result<(), TryReserveError>
    where
        T: Clone,
    {
        let Some(more) = new_len.checked_sub(self.len()) else {
            self.truncate(new_len);
            return Ok(());
        };
        self.try_reserve(more)?;
        for _ in 1..more {
            // SAFETY: there is room for `more`.
            unsafe { push_within_capacity(self, value.clone()) };
        }
        if more > 0 {
            // SAFETY: as above, this is the last one.
            unsafe { push_within_capacity(self, value) };
        }
        Ok(())
    }

    fn try_into_boxed_slice(mut self) -> Result<Box<[T]>, TryReserveError> {
        if self.len() == self.capacity() {
            return Ok(self.into_boxed_slice());
        }
        let mut exact = Vec::new();
        exact.try_reserve_exact(self.len())?;
        exact.append(&mut self);
        Ok(exact.into_boxed_slice())
    }

    fn try_from_elem(value: T, len: usize) -> Result<Self, TryReserveError>
    where
        T: Clone,
    {
        let mut vec = Vec::new();
        vec.try_resize(len, value)?;
        Ok(vec)
    }
}

/// What grows a [`String`]. With an error, it is as it was.
pub trait TryString {
    /// As [`String::push`].
    ///
    /// # Errors
    ///
    /// There is no memory, or the size would overflow.
    fn try_push(&mut self, char: char) -> Result<(), TryReserveError>;

    /// As [`String::push_str`].
    ///
    /// # Errors
    ///
    /// There is no memory, or the size would overflow.
    fn try_push_str(&mut self, str: &str) -> Result<(), TryReserveError>;
}

impl TryString for String {
    fn try_push(&mut self, char: char) -> Result<(), TryReserveError> {
        self.try_push_str(char.encode_utf8(&mut [0; 4]))
    }

    fn try_push_str(&mut self, str: &str) -> Result<(), TryReserveError> {
        self.try_reserve(str.len())?;
        self.push_str(str);
        Ok(())
    }
}

/// As [`ToOwned`](alloc::borrow::ToOwned), for strings and slices.
pub trait TryToOwned {
    /// What owns a copy.
    type Owned;

    /// Makes a copy.
    ///
    /// # Errors
    ///
    /// There is no memory.
    fn try_to_owned(&self) -> Result<Self::Owned, TryReserveError>;
}

impl TryToOwned for str {
    type Owned = String;

    fn try_to_owned(&self) -> Result<String, TryReserveError> {
        let mut owned = String::new();
        owned.try_reserve_exact(self.len())?;
        owned.push_str(self);
        Ok(owned)
    }
}

impl<T: Clone> TryToOwned for [T] {
    type Owned = Vec<T>;

    fn try_to_owned(&self) -> Result<Vec<T>, TryReserveError> {
        self.try_to_vec()
    }
}

/// What copies a slice.
pub trait TrySlice<T> {
    /// As `to_vec()`.
    ///
    /// # Errors
    ///
    /// There is no memory.
    fn try_to_vec(&self) -> Result<Vec<T>, TryReserveError>
    where
        T: Clone;
}

impl<T> TrySlice<T> for [T] {
    fn try_to_vec(&self) -> Result<Vec<T>, TryReserveError>
    where
        T: Clone,
    {
        let mut vec = Vec::new();
        vec.try_reserve_exact(self.len())?;
        vec.try_extend_from_slice(self)?;
        Ok(vec)
    }
}

/// As `vec!`, but gives a [`Result`].
///
/// # Examples
///
/// ```ignore
/// let numbers = try_vec![72, 108, 200]?;
/// let zeroes = try_vec![0u8; 4096]?;
/// ```
#[macro_export]
macro_rules! try_vec {
    () => {
        ::core::result::Result::<_, $crate::Error>::Ok($crate::prelude::Vec::new())
    };
    ($value:expr; $len:expr) => {
        <$crate::prelude::Vec<_> as $crate::fallible::TryVec<_>>::try_from_elem($value, $len)
    };
    ($($value:expr),+ $(,)?) => {
        $crate::prelude::Box::try_new([$($value),+])
            .map(|array| <[_]>::into_vec(array as $crate::prelude::Box<[_]>))
    };
}
