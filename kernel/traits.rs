// SPDX-License-Identifier: GPL-2.0

//! Traits that add to `core` and `alloc`.

use alloc::{alloc::AllocError, sync::Arc};
use core::ops::Deref;
use core::pin::Pin;

/// A pointer to an object on the heap that can be pinned when it is made.
pub trait TryPin<P: Deref> {
    /// Puts `data` on the heap, pinned. May sleep.
    ///
    /// # Errors
    ///
    /// [`AllocError`], which `?` turns into [`ENOMEM`](crate::Error::ENOMEM).
    fn try_pin(data: P::Target) -> core::result::Result<Pin<P>, AllocError>;
}

impl<T> TryPin<Arc<T>> for Arc<T> {
    fn try_pin(data: T) -> core::result::Result<Pin<Arc<T>>, AllocError> {
        let arc = Arc::try_new(data)?;
        // SAFETY: nobody else has the object, and an `Arc` does not move it.
        Ok(unsafe { Pin::new_unchecked(arc) })
    }
}
