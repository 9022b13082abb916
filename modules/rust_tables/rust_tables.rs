// SPDX-License-Identifier: GPL-2.0

//! Tables that programs write when the module is built: in Python, in C and in Rust.

#![no_std]
#![feature(allocator_api, global_asm)]

use kernel::prelude::*;

include!(concat!(env!("GENERATED"), "/sine.rs"));
include!(concat!(env!("GENERATED"), "/crc32.rs"));
include!(concat!(env!("GENERATED"), "/reversed.rs"));

module! {
    type: RustTables,
    name: b"rust_tables",
    author: b"The scons-kmod authors",
    description: b"Generated tables sample",
    license: b"GPL v2",
    params: {
        text: str {
            default: b"123456789",
            permissions: 0o444,
            description: b"What the sums are of",
        },
        degrees: u32 {
            default: 30,
            permissions: 0o444,
            description: b"The angle of the sine, up to 90",
        },
    },
}

extern "C" {
    fn rust_tables_sum(bytes: *const u8, length: usize) -> u32;
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, &byte| {
        sum >> 8 ^ CRC32[(sum as u8 ^ byte) as usize]
    })
}

fn reversed(word: u32) -> u32 {
    let [a, b, c, d] = word.to_be_bytes();
    u32::from_le_bytes([
        REVERSED[a as usize],
        REVERSED[b as usize],
        REVERSED[c as usize],
        REVERSED[d as usize],
    ])
}

struct RustTables;

impl KernelModule for RustTables {
    fn init() -> Result<Self> {
        let angle = *degrees.read();
        let sine = SINE.get(angle as usize).ok_or(Error::EINVAL)?;
        let bytes = text.read();
        let sum = crc32(bytes);
        // SAFETY: it reads as many bytes as there are.
        let same = unsafe { rust_tables_sum(bytes.as_ptr(), bytes.len()) };
        if sum != same {
            pr_err!("crc32: {:08x} in Rust, {:08x} in C\n", sum, same);
            return Err(Error::EINVAL);
        }
        pr_info!("sine of {} degrees: {}\n", angle, sine);
        pr_info!("crc32: {:08x}, reversed {:08x}\n", sum, reversed(sum));
        Ok(RustTables)
    }
}
