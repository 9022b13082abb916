// SPDX-License-Identifier: GPL-2.0
//! Parameters: integers that whoever loads the module may set, each within the range of its type.

use kernel::prelude::*;

module! {
    type: Params,
    name: "mainline_params",
    authors: ["The scons-kmod developers"],
    description: "A module that tells what its parameters are",
    license: "GPL",
    params: {
        level: u8 {
            default: 3,
            description: "From 0 to 255",
        },
        offset: i16 {
            default: -20,
            description: "From -32768 to 32767",
        },
        step: i32 {
            default: 1000000,
            description: "Any number of 32 bits, with a sign",
        },
        limit: u64 {
            default: 18446744073709551615,
            description: "Any number of 64 bits, without a sign",
        },
    },
}

struct Params {
    first: i64,
}

impl kernel::Module for Params {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let level = *module_parameters::level.value();
        let offset = *module_parameters::offset.value();
        let step = *module_parameters::step.value();
        let limit = *module_parameters::limit.value();
        pr_info!("level {level}, offset {offset}, step {step}, limit {limit}\n");

        // What each type allows is not all that a module can ask for.
        if step == 0 {
            pr_err!("there is no step of 0\n");
            return Err(EINVAL);
        }
        Ok(Params {
            first: i64::from(offset) + i64::from(step),
        })
    }
}

impl Drop for Params {
    fn drop(&mut self) {
        // The parameters are there for as long as the module is.
        let level = *module_parameters::level.value();
        pr_info!(
            "unloaded at level {level}; the first step led to {}\n",
            self.first
        );
    }
}
