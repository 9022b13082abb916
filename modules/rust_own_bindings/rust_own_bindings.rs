// SPDX-License-Identifier: GPL-2.0

//! Structures of a C header of the module's own, which C and Rust both read and write.

#![no_std]
#![feature(allocator_api, global_asm)]

use kernel::bindings::list_head;
use kernel::prelude::*;
use rust_own_bindings_bindings as c;

module! {
    type: RustOwnBindings,
    name: b"rust_own_bindings",
    author: b"The scons-kmod authors",
    description: b"Bindings of a module's own header",
    license: b"GPL v2",
}

struct RustOwnBindings;

/// Fails unless `holds`.
fn expect(holds: bool, what: &str) -> Result {
    if holds {
        return Ok(());
    }
    pr_err!("{}\n", what);
    Err(Error::EINVAL)
}

unsafe extern "C" fn twice(stop: u32) -> u32 {
    2 * stop
}

/// Takes the parcel that C has filled, and leaves it as C wants it back.
fn deliver(parcel: &mut c::parcel, parcels: &mut list_head) -> Result {
    // A structure of the kernel's in one of our own is the kernel's.
    let entry: &list_head = &parcel.entry;
    expect(core::ptr::eq(entry, parcels.next), "the list")?;
    expect(parcel.fragile() == 1 && parcel.weight() == 1234, "the bits")?;
    expect(parcel.state == c::parcel_state_PARCEL_MOVING, "the state")?;
    // SAFETY: all of the union's fields are integers, which C has filled.
    let height = unsafe { parcel.size.__bindgen_anon_1.height };
    expect(height == 0x5566_7788, "the size")?;
    expect(parcel.stops.len() == c::PARCEL_STOPS as usize, "the stops")?;
    let named = |(place, stop): (usize, &u16)| usize::from(*stop) == 100 + place;
    expect(parcel.stops.iter().enumerate().all(named), "their names")?;
    // SAFETY: the parcel is whole.
    let distance = unsafe { c::parcel_distance(parcel, 10) };
    expect(distance == 5100, "the distance")?;

    parcel.set_fragile(0);
    parcel.set_weight(c::PARCEL_HEAVIEST);
    parcel.state = c::parcel_state_PARCEL_DONE;
    parcel.size.whole = 0x0102_0304_0506_0708;
    // SAFETY: the function is called for each stop, and no more after that.
    unsafe { c::parcel_rename(parcel, Some(twice)) };
    let empty: *mut list_head = parcels;
    parcels.next = empty;
    parcels.prev = empty;
    Ok(())
}

impl KernelModule for RustOwnBindings {
    fn init() -> Result<Self> {
        let mut parcel = c::parcel::default();
        let mut parcels = list_head::default();
        // SAFETY: both outlive the list, which has one entry.
        expect(
            unsafe { c::parcel_fill(&mut parcel, &mut parcels) } == 0,
            "C does not fill it",
        )?;
        deliver(&mut parcel, &mut parcels)?;
        // SAFETY: as above; nothing is left in the list.
        let failed = unsafe { c::parcel_check(&parcel, &mut parcels) };
        expect(failed == 0, "C does not take it back")?;
        pr_info!("parcel delivered to stop {}\n", parcel.stops[4]);
        Ok(RustOwnBindings)
    }
}
