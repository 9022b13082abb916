// SPDX-License-Identifier: GPL-2.0

//! Character devices: a range of minor numbers under a major number of their own.
//!
//! C: include/linux/cdev.h, fs/char_dev.c. /dev gets no nodes by this: user space makes them
//! (`mknod`), with the major number that /proc/devices shows.

use crate::bindings;
use crate::file_operations::{FileOpenAdapter, FileOpener};
use crate::internal::{this_module_ptr, FileOperationsVtable};
use crate::str::CStr;
use crate::{Error, Result, ThisModule};
use alloc::boxed::Box;
use core::convert::TryInto;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr;

/// The numbers that have been allocated, and the devices that are registered so far.
struct Devices<const N: usize> {
    /// The first number; `N` belong to it.
    first: bindings::dev_t,
    /// The first `used` are registered, and this owns a reference of each.
    cdevs: [*mut bindings::cdev; N],
    used: usize,
}

/// The registration of up to `N` character devices, undone when it is dropped.
///
/// All have the same major number, which the kernel chooses, and minor numbers in a row.
pub struct Registration<const N: usize> {
    name: &'static CStr,
    minors_start: u16,
    this_module: &'static ThisModule,
    devices: Option<Devices<N>>,
    _pin: PhantomPinned,
}

impl<const N: usize> Registration<N> {
    /// A registration with no device yet. The minor numbers begin at `minors_start`; `name` is what
    /// /proc/devices shows.
    pub fn new(name: &'static CStr, minors_start: u16, this_module: &'static ThisModule) -> Self {
        Registration {
            name,
            minors_start,
            this_module,
            devices: None,
            _pin: PhantomPinned,
        }
    }

    /// [`Registration::new`], on the heap.
    ///
    /// # Errors
    ///
    /// [`Error::ENOMEM`].
    pub fn new_pinned(
        name: &'static CStr,
        minors_start: u16,
        this_module: &'static ThisModule,
    ) -> Result<Pin<Box<Self>>> {
        let registration = Self::new(name, minors_start, this_module);
        Ok(Pin::from(Box::try_new(registration)?))
    }

    /// Registers the device of the next minor number, whose files are `T` (`cdev_add()`). The
    /// first call allocates the numbers of all (`alloc_chrdev_region()`). The device can be opened
    /// before this returns. May sleep.
    ///
    /// # Errors
    ///
    /// [`Error::EINVAL`] if all `N` devices are registered, or there are no such minor numbers;
    /// [`Error::EBUSY`] if no major number is free, [`Error::ENOMEM`].
    pub fn register<T: FileOpener<()>>(self: Pin<&mut Self>) -> Result {
        // SAFETY: nothing is moved out of the pinned value.
        let this = unsafe { self.get_unchecked_mut() };
        if N == 0 {
            return Err(Error::EINVAL);
        }
        if this.devices.is_none() {
            this.devices = Some(Devices::allocate(this.name, this.minors_start)?);
        }
        match &mut this.devices {
            // SAFETY: files of these devices are opened with `convert` of this type.
            Some(devices) => devices.add(this.this_module, unsafe {
                FileOperationsVtable::<Self, T>::build()
            }),
            None => Err(Error::EINVAL),
        }
    }
}

impl<const N: usize> Devices<N> {
    fn allocate(name: &'static CStr, minors_start: u16) -> Result<Self> {
        let mut first = 0;
        let count = N.try_into()?;
        // SAFETY: `first` can be written to; the kernel copies the name.
        let ret = unsafe {
            bindings::alloc_chrdev_region(
                &mut first,
                minors_start.into(),
                count,
                name.as_char_ptr(),
            )
        };
        if ret != 0 {
            return Err(Error::from_kernel_errno(ret));
        }
        Ok(Devices {
            first,
            cdevs: [ptr::null_mut(); N],
            used: 0,
        })
    }

    fn add(
        &mut self,
        owner: &'static ThisModule,
        operations: &'static bindings::file_operations,
    ) -> Result {
        let number = self.first + bindings::dev_t::try_from(self.used)?;
        let slot = self.cdevs.get_mut(self.used).ok_or(Error::EINVAL)?;
        // The memory of a `struct cdev` from here goes when its last file is closed, which may be
        // after this registration.
        // SAFETY: may be called from the context of any process.
        let cdev = unsafe { bindings::cdev_alloc() };
        if cdev.is_null() {
            return Err(Error::ENOMEM);
        }
        // SAFETY: `cdev` is valid, and nobody else has it yet.
        unsafe {
            (*cdev).ops = operations;
            (*cdev).owner = this_module_ptr(owner);
        }
        // SAFETY: `cdev` is complete, and the number is this registration's.
        let ret = unsafe { bindings::cdev_add(cdev, number, 1) };
        if ret != 0 {
            // SAFETY: `cdev_alloc()` gave a reference.
            unsafe { bindings::kobject_put(&mut (*cdev).kobj) };
            return Err(Error::from_kernel_errno(ret));
        }
        *slot = cdev;
        self.used += 1;
        Ok(())
    }
}

impl<const N: usize> Drop for Devices<N> {
    /// Removes the devices (`cdev_del()`) and gives the numbers back.
    fn drop(&mut self) {
        for cdev in &self.cdevs[..self.used] {
            // SAFETY: it is registered, and this owns its reference.
            unsafe { bindings::cdev_del(*cdev) };
        }
        // SAFETY: the numbers were allocated with this count, which fits.
        unsafe { bindings::unregister_chrdev_region(self.first, N as _) };
    }
}

impl<const N: usize> FileOpenAdapter for Registration<N> {
    type Arg = ();

    unsafe fn convert(
        _inode: *mut bindings::inode,
        _file: *mut bindings::file,
    ) -> *const Self::Arg {
        &()
    }
}

// SAFETY: a shared registration gives access to nothing.
unsafe impl<const N: usize> Sync for Registration<N> {}

// SAFETY: any task may register and deregister.
unsafe impl<const N: usize> Send for Registration<N> {}
