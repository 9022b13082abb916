// SPDX-License-Identifier: GPL-2.0

//! Platform drivers: for devices that no bus announces.
//!
//! C: include/linux/platform_device.h, drivers/base/platform.c,
//! Documentation/driver-api/driver-model/platform.rst.

use crate::bindings;
use crate::c_types::c_int;
use crate::internal::{of_table_ptr, this_module_ptr};
use crate::of::OfMatchTable;
use crate::str::CStr;
use crate::types::PointerWrapper;
use crate::{from_kernel_result, Error, Result, ThisModule};
use alloc::boxed::Box;
use core::marker::PhantomPinned;
use core::pin::Pin;

/// What a driver does when a device of its kind comes and goes. The calls may sleep; the kernel
/// holds the device's lock.
pub trait PlatformDriver {
    /// What the driver keeps for a device (`platform_set_drvdata()`).
    type DrvData: PointerWrapper;

    /// A device is there. With an error, the driver does not take it. `device_id` is the `id` of
    /// `struct platform_device`: a number among devices of one name, or -1.
    fn probe(device_id: i32) -> Result<Self::DrvData>;

    /// The device goes, or the driver. It cannot be refused: an error is logged only.
    fn remove(device_id: i32, drv_data: Self::DrvData) -> Result;
}

/// The registration of a platform driver, undone when it is dropped.
///
/// # Invariants
///
/// If `registered`, C knows `pdrv`, and the table that it points to is `of_table`'s.
pub struct Registration {
    registered: bool,
    pdrv: bindings::platform_driver,
    of_table: Option<OfMatchTable>,
    /// C keeps a pointer to `pdrv`.
    _pin: PhantomPinned,
}

// SAFETY: a shared registration gives access to nothing.
unsafe impl Sync for Registration {}

// SAFETY: any task may unregister.
unsafe impl Send for Registration {}

/// # Safety
///
/// `pdev` is valid, and locked by the driver core.
unsafe extern "C" fn probe_callback<P: PlatformDriver>(
    pdev: *mut bindings::platform_device,
) -> c_int {
    from_kernel_result! {
        // SAFETY: the caller's promise.
        let drv_data = P::probe(unsafe { (*pdev).id })?;
        let data = drv_data.into_pointer().cast_mut();
        // SAFETY: the driver core has no other data for the device while this driver has it.
        unsafe { bindings::rust_helper_platform_set_drvdata(pdev, data) };
        Ok(0)
    }
}

/// # Safety
///
/// As [`probe_callback`], which has taken the device.
unsafe fn remove<P: PlatformDriver>(pdev: *mut bindings::platform_device) -> Result {
    // SAFETY: the caller's promise.
    let data = unsafe { bindings::rust_helper_platform_get_drvdata(pdev) };
    // SAFETY: `probe_callback` put it there, and takes it back nowhere else.
    let drv_data = unsafe { P::DrvData::from_pointer(data) };
    // SAFETY: the device stays valid until its last reference goes.
    unsafe { bindings::rust_helper_platform_set_drvdata(pdev, core::ptr::null_mut()) };
    // SAFETY: the caller's promise.
    P::remove(unsafe { (*pdev).id }, drv_data)
}

/// `remove` of kernels that want to hear how it went, to log it.
///
/// # Safety
///
/// As [`remove`].
unsafe extern "C" fn remove_callback<P: PlatformDriver>(
    pdev: *mut bindings::platform_device,
) -> c_int {
    from_kernel_result! {
        // SAFETY: the caller's promise.
        unsafe { remove::<P>(pdev) }?;
        Ok(0)
    }
}

/// `remove` of kernels that do not.
///
/// # Safety
///
/// As [`remove`].
unsafe extern "C" fn remove_callback_void<P: PlatformDriver>(pdev: *mut bindings::platform_device) {
    // SAFETY: the caller's promise.
    if let Err(error) = unsafe { remove::<P>(pdev) } {
        crate::pr_warn!("a platform driver's remove failed: {error:?}\n");
    }
}

impl Registration {
    fn new() -> Self {
        Self {
            registered: false,
            pdrv: bindings::platform_driver::default(),
            of_table: None,
            _pin: PhantomPinned,
        }
    }

    /// Registers a driver (`platform_driver_register()`). It is probed for the devices of its
    /// `name`, and for those that `of_match_tbl` matches. May sleep.
    ///
    /// # Errors
    ///
    /// [`Error::ENOMEM`]; [`Error::EBUSY`] if there is a driver of this name.
    pub fn new_pinned<P: PlatformDriver>(
        name: &'static CStr,
        of_match_tbl: Option<OfMatchTable>,
        module: &'static ThisModule,
    ) -> Result<Pin<Box<Self>>> {
        let mut registration = Pin::from(Box::try_new(Self::new())?);
        registration
            .as_mut()
            .register::<P>(name, of_match_tbl, module)?;
        Ok(registration)
    }

    fn register<P: PlatformDriver>(
        self: Pin<&mut Self>,
        name: &'static CStr,
        of_match_tbl: Option<OfMatchTable>,
        module: &'static ThisModule,
    ) -> Result {
        // SAFETY: nothing is moved out of the pinned value.
        let this = unsafe { self.get_unchecked_mut() };
        this.pdrv.driver.name = name.as_char_ptr();
        if let Some(table) = &of_match_tbl {
            // The table lies in a box: it stays where it is when `of_match_tbl` moves.
            this.pdrv.driver.of_match_table = of_table_ptr(table);
        }
        this.of_table = of_match_tbl;
        this.pdrv.probe = Some(probe_callback::<P>);
        // SAFETY: the driver is valid, and nobody has it yet.
        unsafe {
            bindings::rust_helper_platform_driver_set_remove(
                &mut this.pdrv,
                Some(remove_callback::<P>),
                Some(remove_callback_void::<P>),
            );
        }
        // SAFETY: the value is pinned and its drop unregisters, so that C's pointers stay valid.
        let ret = unsafe {
            bindings::rust_helper_platform_driver_register(&mut this.pdrv, this_module_ptr(module))
        };
        if ret < 0 {
            return Err(Error::from_kernel_errno(ret));
        }
        // INVARIANT: all of it has just been done.
        this.registered = true;
        Ok(())
    }
}

impl Drop for Registration {
    /// Takes the driver off its devices, and unregisters it (`platform_driver_unregister()`).
    fn drop(&mut self) {
        if self.registered {
            // SAFETY: it is registered, and only once.
            unsafe { bindings::platform_driver_unregister(&mut self.pdrv) };
        }
    }
}
