// SPDX-License-Identifier: GPL-2.0
//! A filter in C, under a lock and by a rule of Rust: C beside a crate that is written to the
//! kernel's own.

use core::ptr::NonNull;
use kernel::{
    new_mutex,
    prelude::*,
    sync::{Arc, Mutex},
};

module! {
    type: Driver,
    name: "mainline_driver",
    description: "A filter in C with its rule in Rust",
    license: "GPL",
}

/// C's `struct filter` (`include/filter.h`), which nobody but C looks into.
#[repr(C)]
struct RawFilter {
    _bytes: [u8; 0],
}

extern "C" {
    fn filter_new() -> *mut RawFilter;
    fn filter_free(filter: *mut RawFilter);
    fn filter_add(filter: *mut RawFilter, value: u32) -> u32;
    fn filter_report(filter: *const RawFilter, text: *mut u8, size: usize) -> i32;
}

/// Whether a value is so far from the mean that it is not to count; C asks.
#[no_mangle]
extern "C" fn is_outlier(value: u32, mean: u32) -> bool {
    value.abs_diff(mean) > mean
}

/// A filter that C has made, and that is C's to free.
struct Filter(NonNull<RawFilter>);

// SAFETY: the filter belongs to nobody else, and C keeps nothing of the task that made it.
unsafe impl Send for Filter {}

impl Filter {
    fn new() -> Result<Self> {
        // SAFETY: it may be called at any time that sleeping is allowed.
        NonNull::new(unsafe { filter_new() })
            .map(Filter)
            .ok_or(ENOMEM)
    }

    /// Adds a value; returns the mean.
    fn add(&mut self, value: u32) -> u32 {
        // SAFETY: the filter is ours.
        unsafe { filter_add(self.0.as_ptr(), value) }
    }

    /// Writes what there is to say; returns its length.
    fn report(&self, text: &mut [u8]) -> usize {
        // SAFETY: the filter is ours, and C writes no more than the slice.
        unsafe { filter_report(self.0.as_ptr(), text.as_mut_ptr(), text.len()) as usize }
    }
}

impl Drop for Filter {
    fn drop(&mut self) {
        // SAFETY: it came from `filter_new`, and is gone after this.
        unsafe { filter_free(self.0.as_ptr()) }
    }
}

/// What may be shared by several: nobody adds while another does.
#[pin_data]
struct Sensor {
    #[pin]
    filter: Mutex<Filter>,
}

struct Driver {
    sensor: Arc<Sensor>,
}

impl kernel::Module for Driver {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let filter = Filter::new()?;
        let sensor = Arc::pin_init(
            pin_init!(Sensor {
                filter <- new_mutex!(filter),
            }),
            GFP_KERNEL,
        )?;
        for value in [100, 110, 90, 5000, 120, 180] {
            let mean = sensor.filter.lock().add(value);
            pr_info!("{value} makes the mean {mean}\n");
        }
        Ok(Driver { sensor })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let mut text = [0; 80];
        let length = self.sensor.filter.lock().report(&mut text);
        match core::str::from_utf8(&text[..length]) {
            Ok(text) => pr_info!("{text}\n"),
            Err(_) => pr_err!("C wrote what is no text\n"),
        }
    }
}
