// SPDX-License-Identifier: GPL-2.0

//! The procedural macros of the `kernel` crate.
//!
//! They run in the compiler, on the machine that builds. The parser is our
//! own: what `module!` accepts is a flat list of keys and values.

#![deny(missing_docs)]

mod license;
mod module;
mod parse;
mod suggest;

use proc_macro::TokenStream;

/// Declares a kernel module.
///
/// The keys, in this order; those in brackets may be left out:
///
/// * `type`: the type that implements `kernel::KernelModule`;
/// * `name: b"..."`: the module's name, the prefix of what it prints;
/// * \[`author: b"..."`\], \[`description: b"..."`\];
/// * `license: b"..."`: one that `MODULE_LICENSE` knows (include/linux/module.h);
/// * \[`alias: b"..."`\] or \[`alias_rtnl_link: b"..."`\]: other names that the
///   module is loaded by.
///
/// `init_module` keeps the value that `KernelModule::init` returns in a static,
/// and `cleanup_module` drops it.
///
/// # Examples
///
/// ```ignore
/// module! {
///     type: MyModule,
///     name: b"my_module",
///     author: b"A. U. Thor",
///     description: b"An empty module",
///     license: b"GPL v2",
/// }
///
/// struct MyModule;
///
/// impl KernelModule for MyModule {
///     fn init() -> Result<Self> {
///         Ok(MyModule)
///     }
/// }
/// ```
#[proc_macro]
pub fn module(tokens: TokenStream) -> TokenStream {
    module::module(tokens)
}
