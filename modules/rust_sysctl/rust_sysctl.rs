// SPDX-License-Identifier: GPL-2.0

//! Settings in /proc/sys/rust_sysctl: a switch, the same switch for reading only, and a number.

#![no_std]
#![feature(allocator_api, global_asm)]

use core::fmt::Write;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use kernel::prelude::*;
use kernel::{
    buffer::Buffer,
    c_str,
    io_buffer::IoBufferWriter,
    sysctl::{Sysctl, SysctlStorage},
    user_ptr::UserSlicePtrWriter,
    Mode,
};

module! {
    type: RustSysctl,
    name: b"rust_sysctl",
    author: b"The scons-kmod authors",
    description: b"Rust sysctl sample",
    license: b"GPL v2",
}

static ENABLED: AtomicBool = AtomicBool::new(true);

/// A decimal number.
struct Number(AtomicU32);

impl SysctlStorage for Number {
    fn store_value(&self, data: &[u8]) -> (usize, Result) {
        let number = core::str::from_utf8(data)
            .ok()
            .and_then(|text| text.trim().parse().ok());
        match number {
            Some(number) => {
                self.0.store(number, Ordering::Relaxed);
                (data.len(), Ok(()))
            }
            None => (0, Err(Error::EINVAL)),
        }
    }

    fn read_value(&self, data: &mut UserSlicePtrWriter) -> (usize, Result) {
        let mut memory = [0; 16];
        let mut text = Buffer::new(&mut memory);
        if write!(text, "{}\n", self.0.load(Ordering::Relaxed)).is_err() {
            return (0, Err(Error::EINVAL));
        }
        let len = text.bytes_written();
        (len, data.write_slice(&memory[..len]))
    }
}

struct RustSysctl {
    _enabled: Sysctl<&'static AtomicBool>,
    _state: Sysctl<&'static AtomicBool>,
    limit: Sysctl<Number>,
}

impl KernelModule for RustSysctl {
    fn init() -> Result<Self> {
        let path = c_str!("rust_sysctl");
        Ok(RustSysctl {
            _enabled: Sysctl::register(path, c_str!("enabled"), &ENABLED, Mode::from_int(0o644))?,
            _state: Sysctl::register(path, c_str!("state"), &ENABLED, Mode::from_int(0o444))?,
            limit: Sysctl::register(
                path,
                c_str!("limit"),
                Number(AtomicU32::new(100)),
                Mode::from_int(0o644),
            )?,
        })
    }
}

impl Drop for RustSysctl {
    fn drop(&mut self) {
        let limit = self.limit.get().0.load(Ordering::Relaxed);
        pr_info!("the limit was {}\n", limit);
    }
}
