// SPDX-License-Identifier: GPL-2.0
//! A module that uses the crate of another.

use kernel::prelude::*;

module! {
    type: User,
    name: "mainline_counter_user",
    description: "A user of another module's crate",
    license: "GPL",
}

struct User;

impl kernel::Module for User {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let first = mainline_counter::count();
        mainline_counter::counted(|second| pr_info!("counted {} and {}\n", first, second));
        Ok(User)
    }
}
