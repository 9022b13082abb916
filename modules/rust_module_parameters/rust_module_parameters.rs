// SPDX-License-Identifier: GPL-2.0

//! A module with a parameter of each kind.

#![no_std]
#![feature(allocator_api, global_asm)]

use kernel::prelude::*;

module! {
    type: RustModuleParameters,
    name: b"rust_module_parameters",
    author: b"The scons-kmod authors",
    description: b"Rust module parameters sample",
    license: b"GPL v2",
    params: {
        my_bool: bool {
            default: true,
            permissions: 0o644,
            description: b"Example of bool",
        },
        my_switch: bool {
            default: false,
            permissions: 0,
            description: b"Example of a bool that its name turns on",
        },
        my_i8: i8 {
            default: -8,
            permissions: 0o444,
            description: b"Example of i8",
        },
        my_u8: u8 {
            default: 8,
            permissions: 0o444,
            description: b"Example of u8",
        },
        my_i16: i16 {
            default: -16,
            permissions: 0o444,
            description: b"Example of i16",
        },
        my_u16: u16 {
            default: 16,
            permissions: 0o444,
            description: b"Example of u16",
        },
        my_i32: i32 {
            default: 42,
            permissions: 0o644,
            description: b"Example of i32",
        },
        my_u32: u32 {
            default: 32,
            permissions: 0o444,
            description: b"Example of u32",
        },
        my_i64: i64 {
            default: i64::MIN,
            permissions: 0o444,
            description: b"Example of i64",
        },
        my_u64: u64 {
            default: u64::MAX,
            permissions: 0o444,
            description: b"Example of u64",
        },
        my_isize: isize {
            default: -1,
            permissions: 0o400,
            description: b"Example of isize",
        },
        my_usize: usize {
            default: 42,
            permissions: 0o644,
            description: b"Example of usize",
        },
        my_str: str {
            default: b"default str val",
            permissions: 0o644,
            description: b"Example of a string param",
        },
        my_array: ArrayParam<i32, 3> {
            default: [0, 1],
            permissions: 0,
            description: b"Example of array",
        },
        my_bools: ArrayParam<bool, 2> {
            default: [true],
            permissions: 0o644,
            description: b"Example of an array of bools",
        },
    },
}

struct RustModuleParameters;

fn print_writable() -> Result {
    let lock = THIS_MODULE.kernel_param_lock();
    pr_info!("my_bool: {}\n", my_bool.read(&lock));
    pr_info!("my_i32: {}\n", my_i32.read(&lock));
    pr_info!("my_usize: {}\n", my_usize.read(&lock));
    pr_info!("my_str: {}\n", core::str::from_utf8(my_str.read(&lock))?);
    pr_info!("my_bools: {:?}\n", my_bools.read(&lock));
    Ok(())
}

impl KernelModule for RustModuleParameters {
    fn init() -> Result<Self> {
        pr_info!("Rust module parameters sample (init)\n");
        print_writable()?;
        pr_info!("my_switch: {}\n", my_switch.read());
        pr_info!("my_8: {} {}\n", my_i8.read(), my_u8.read());
        pr_info!("my_16: {} {}\n", my_i16.read(), my_u16.read());
        pr_info!("my_u32: {}\n", my_u32.read());
        pr_info!("my_64: {} {}\n", my_i64.read(), my_u64.read());
        pr_info!("my_isize: {}\n", my_isize.read());
        pr_info!("my_array: {:?}\n", my_array.read());
        Ok(RustModuleParameters)
    }
}

impl Drop for RustModuleParameters {
    fn drop(&mut self) {
        if let Err(error) = print_writable() {
            pr_err!("my_str is no UTF-8: {:?}\n", error);
        }
        pr_info!("Rust module parameters sample (exit)\n");
    }
}
