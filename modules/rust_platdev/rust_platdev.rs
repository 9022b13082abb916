// SPDX-License-Identifier: GPL-2.0

//! A platform driver that counts the devices that it is bound to.

#![no_std]
#![feature(allocator_api, global_asm)]

use kernel::prelude::*;
use kernel::{
    c_str,
    of::OfMatchTable,
    platdev::{self, PlatformDriver},
};

module! {
    type: RustPlatdev,
    name: b"rust_platdev",
    author: b"The scons-kmod authors",
    description: b"Rust platform driver sample",
    license: b"GPL v2",
}

/// What the driver keeps for a device.
struct Device {
    name: String,
}

struct Driver;

impl PlatformDriver for Driver {
    type DrvData = Box<Device>;

    fn probe(device_id: i32) -> Result<Self::DrvData> {
        pr_info!("probe {}\n", device_id);
        let name = "kept for the device".try_to_owned()?;
        Ok(Box::try_new(Device { name })?)
    }

    fn remove(device_id: i32, device: Self::DrvData) -> Result {
        pr_info!("remove {}: {}\n", device_id, device.name);
        Ok(())
    }
}

struct RustPlatdev {
    _driver: Pin<Box<platdev::Registration>>,
}

impl KernelModule for RustPlatdev {
    fn init() -> Result<Self> {
        let table = OfMatchTable::new(c_str!("scons-kmod,rust-platdev"))?;
        Ok(RustPlatdev {
            _driver: platdev::Registration::new_pinned::<Driver>(
                c_str!("rust_platdev"),
                Some(table),
                &THIS_MODULE,
            )?,
        })
    }
}
