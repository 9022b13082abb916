// SPDX-License-Identifier: GPL-2.0
//! Structures of a C header of the module's own, which C and Rust both read and write.

use kernel::{bindings::list_head, prelude::*};
use mainline_own_bindings_bindings as c;

module! {
    type: Lamps,
    name: "mainline_own_bindings",
    description: "Bindings of a module's own header",
    license: "GPL",
}

struct Lamps;

impl kernel::Module for Lamps {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut lamp = c::lamp::default();
        // SAFETY: C fills the whole lamp.
        unsafe { c::lamp_light(&mut lamp) };
        // A structure of the kernel's in one of our own is the kernel's.
        let entry: &list_head = &lamp.entry;
        if !core::ptr::eq(entry, entry.next) || lamp.on() != 1 || lamp.brightness() != 7 {
            return Err(EINVAL);
        }
        // SAFETY: the lamp is whole.
        let watts: usize = unsafe { c::lamp_watts(&lamp) };
        pr_info!("a lamp of {} watts, color {}\n", watts, lamp.color);

        lamp.set_brightness(c::LAMP_BRIGHTEST as u8);
        lamp.color = c::lamp_color_LAMP_GREEN;
        lamp.watts[1] += 8;
        // SAFETY: the lamp is whole, and where it was when C made a list of it.
        if !unsafe { c::lamp_is_green(&lamp) } {
            return Err(EINVAL);
        }
        pr_info!("it is green for C, too\n");
        Ok(Lamps)
    }
}
