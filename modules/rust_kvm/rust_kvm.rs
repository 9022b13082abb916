// SPDX-License-Identifier: GPL-2.0

//! The smallest module: the template to start from.

#![no_std]
#![feature(allocator_api, global_asm)]

use kernel::prelude::*;

module! {
    type: KvmModule,
    name: b"rust_kvm",
    author: b"Zhang Junyu",
    license: b"GPL v2",
}

struct KvmModule;

impl KernelModule for KvmModule {
    fn init() -> Result<Self> {
        Ok(KvmModule)
    }
}
