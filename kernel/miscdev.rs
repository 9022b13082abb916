// SPDX-License-Identifier: GPL-2.0

//! Misc devices: a node in /dev of major number 10 with little ceremony.
//!
//! C: include/linux/miscdevice.h, drivers/char/misc.c.

use crate::bindings;
use crate::file_operations::{FileOpenAdapter, FileOpener};
use crate::internal::FileOperationsVtable;
use crate::str::CStr;
use crate::{Error, Result};
use alloc::boxed::Box;
use core::marker::PhantomPinned;
use core::pin::Pin;

/// The registration of a misc device, undone when it is dropped.
///
/// Each open of the device is given `context`. It is pinned: C keeps a pointer to what is in it.
pub struct Registration<T: Sync = ()> {
    registered: bool,
    mdev: bindings::miscdevice,
    _pin: PhantomPinned,

    /// The data of the registration, for all its files.
    pub context: T,
}

impl<T: Sync> Registration<T> {
    /// A registration that is not registered yet.
    pub fn new(context: T) -> Self {
        Self {
            registered: false,
            mdev: bindings::miscdevice::default(),
            _pin: PhantomPinned,
            context,
        }
    }

    /// [`Registration::new`] and [`Registration::register`], on the heap.
    ///
    /// # Errors
    ///
    /// [`Error::ENOMEM`] and those of [`Registration::register`].
    pub fn new_pinned<F: FileOpener<T>>(
        name: &'static CStr,
        minor: Option<i32>,
        context: T,
    ) -> Result<Pin<Box<Self>>> {
        let mut r = Pin::from(Box::try_new(Self::new(context))?);
        r.as_mut().register::<F>(name, minor)?;
        Ok(r)
    }

    /// Makes `/dev/<name>` (`misc_register()`), with a free minor number unless one is given. It
    /// can be opened before this returns. May sleep.
    ///
    /// # Errors
    ///
    /// [`Error::EINVAL`] if it is registered already, [`Error::EBUSY`] if the minor is taken or
    /// none is free, [`Error::EEXIST`] if the name is.
    pub fn register<F: FileOpener<T>>(
        self: Pin<&mut Self>,
        name: &'static CStr,
        minor: Option<i32>,
    ) -> Result {
        // SAFETY: nothing is moved out of the pinned value.
        let this = unsafe { self.get_unchecked_mut() };
        if this.registered {
            return Err(Error::EINVAL);
        }
        // SAFETY: the table's files are opened by way of this registration only.
        this.mdev.fops = unsafe { FileOperationsVtable::<Self, F>::build() };
        this.mdev.name = name.as_char_ptr();
        this.mdev.minor = minor.unwrap_or(bindings::MISC_DYNAMIC_MINOR as i32);
        // SAFETY: the value is pinned and its drop deregisters, so that C's pointer stays valid.
        let ret = unsafe { bindings::misc_register(&mut this.mdev) };
        if ret < 0 {
            return Err(Error::from_kernel_errno(ret));
        }
        this.registered = true;
        Ok(())
    }
}

impl<T: Sync> FileOpenAdapter for Registration<T> {
    type Arg = T;

    unsafe fn convert(_inode: *mut bindings::inode, file: *mut bindings::file) -> *const Self::Arg {
        // SAFETY: `misc_open()` puts the `struct miscdevice` there, and holds `misc_mtx`, which
        // `misc_deregister()` waits for.
        let mdev: *const bindings::miscdevice = unsafe { (*file).private_data }.cast();
        let reg = crate::container_of!(mdev, Registration<T>, mdev);
        // SAFETY: the `miscdevice` is a registration's, which is not dropped while it is locked.
        unsafe { core::ptr::addr_of!((*reg).context) }
    }
}

// SAFETY: a shared registration gives access to the context only, which is `Sync`.
unsafe impl<T: Sync> Sync for Registration<T> {}

// SAFETY: any task may deregister, and may drop the context if that is `Send`.
unsafe impl<T: Send + Sync> Send for Registration<T> {}

impl<T: Sync> Drop for Registration<T> {
    /// Removes the registration from the kernel if it has completed successfully before.
    fn drop(&mut self) {
        if self.registered {
            // SAFETY: it is registered, and only once.
            unsafe { bindings::misc_deregister(&mut self.mdev) }
        }
    }
}
