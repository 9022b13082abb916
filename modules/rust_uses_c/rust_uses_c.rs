// SPDX-License-Identifier: GPL-2.0

//! A module of Rust that calls functions which a module of C exports: `export_c`, which has to be
//! loaded before and can't be unloaded while this is there. The manifest names it, and the namespace
//! of its functions.

#![no_std]
#![feature(allocator_api, global_asm)]

use kernel::prelude::*;

module! {
    type: RustUsesC,
    name: b"rust_uses_c",
    author: b"The scons-kmod authors",
    description: b"Rust that uses a module of C",
    license: b"GPL v2",
}

/// C's `struct meter` (`export_c/include/export_c.h`).
#[repr(C)]
struct RawMeter {
    sum: u64,
    count: u32,
}

extern "C" {
    fn meter_add(meter: *mut RawMeter, value: u32) -> u32;
    fn meter_mean(meter: *const RawMeter) -> u32;
}

/// The mean of some values.
struct Meter(RawMeter);

impl Meter {
    fn new() -> Self {
        Meter(RawMeter { sum: 0, count: 0 })
    }

    /// Adds a value; returns how many there are.
    fn add(&mut self, value: u32) -> u32 {
        // SAFETY: the meter is this one, and C keeps no pointer to it.
        unsafe { meter_add(&mut self.0, value) }
    }

    fn mean(&self) -> u32 {
        // SAFETY: as above.
        unsafe { meter_mean(&self.0) }
    }
}

struct RustUsesC {
    meter: Meter,
}

impl KernelModule for RustUsesC {
    fn init() -> Result<Self> {
        let mut meter = Meter::new();
        for value in &[10, 20, 40, u32::MAX] {
            let count = meter.add(*value);
            pr_info!("the mean of {} is {}\n", count, meter.mean());
        }
        Ok(RustUsesC { meter })
    }
}

impl Drop for RustUsesC {
    fn drop(&mut self) {
        pr_info!("the last mean was {}\n", self.meter.mean());
    }
}
