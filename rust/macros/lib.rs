// SPDX-License-Identifier: GPL-2.0

//! The procedural macros of the `kernel` crate.
//!
//! They run in the compiler, on the machine that builds. The parser is our
//! own: what `module!` accepts is a flat list of keys and values.

#![deny(missing_docs)]

mod license;
mod module;
mod params;
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
///   module is loaded by;
/// * \[`params: { ... }`\]: parameters that `insmod` sets, and sysfs shows.
///
/// A parameter is written `name: type { default: ..., permissions: ..., description: b"..." }`. The
/// types are `bool`, the integers, `str` (its default is a byte string) and `ArrayParam<T, N>` of up
/// to `N` integers or bools. The permissions are those of its file in
/// /sys/module/.../parameters, 0 for none.
///
/// In the module, `name.read()` gives a reference to the value. If the permissions let somebody
/// write it, that takes the lock: `name.read(&THIS_MODULE.kernel_param_lock())`.
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

/// Declares a kernel module that is nothing but a misc device.
///
/// The keys are those of [`module!`]; `type` implements `kernel::file_operations::FileOpener<()>`.
/// The device is called as the module, and is there as long as the module is loaded.
///
/// # Examples
///
/// ```ignore
/// module_misc_device! {
///     type: MyFile,
///     name: b"my_device",
///     author: b"A. U. Thor",
///     description: b"A misc device",
///     license: b"GPL v2",
/// }
///
/// #[derive(Default)]
/// struct MyFile;
///
/// impl FileOperations for MyFile {
///     kernel::declare_file_operations!();
/// }
/// ```
#[proc_macro]
pub fn module_misc_device(tokens: TokenStream) -> TokenStream {
    module::module_misc_device(tokens)
}
