// SPDX-License-Identifier: GPL-2.0
// What is no module: see test_compile_fail.py.

//# no license
module! {
    type: T,
    name: b"x",
}
//~ 1:1: error: missing key `license`

//# no type
module! {
    name: b"x",
    license: b"GPL",
}
//~ 1:1: error: missing key `type`

//# nothing
module! {}
//~ 1:1: error: missing key `type`

//# no name
module! {
    type: T,
    license: b"GPL",
}
//~ 1:1: error: missing key `name`

//# a duplicate key
module! {
    type: T,
    name: b"x",
    name: b"y",
    license: b"GPL",
}
//~ 4:5: error: duplicate key `name`

//# keys in the wrong order
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    author: b"me",
}
//~ 5:5: error: key `author` must come before `license`: the order is `type`, `name`, `author`, `description`, `license`, `alias`, `alias_rtnl_link`, `params`

//# a key misspelt
module! {
    type: T,
    name: b"x",
    licence: b"GPL",
}
//~ 4:5: error: unknown key `licence`: did you mean `license`?

//# an unknown key
module! {
    type: T,
    name: b"x",
    firmware_file: b"GPL",
}
//~ 4:5: error: unknown key `firmware_file`: the keys are `type`, `name`, `author`, `description`, `license`, `alias`, `alias_rtnl_link`, `params`

//# a string
module! {
    type: T,
    name: "x",
    license: b"GPL",
}
//~ 3:11: error: expected a byte string (`name: b"..."`), found `"x"`

//# a number
module! {
    type: T,
    name: 5,
    license: b"GPL",
}
//~ 3:11: error: expected a byte string (`name: b"..."`), found `5`

//# a license misspelt
module! {
    type: T,
    name: b"x",
    license: b"GPLv2",
}
//~ 4:14: error: unknown license `GPLv2`: did you mean `GPL v2`?

//# an unknown license
module! {
    type: T,
    name: b"x",
    license: b"Apache-2.0",
}
//~ 4:14: error: unknown license `Apache-2.0`: the kernel knows `GPL`, `GPL v2`, `GPL and additional rights`, `Dual BSD/GPL`, `Dual MIT/GPL`, `Dual MPL/GPL`, `Proprietary`

//# a license put together
module! {
    type: T,
    name: b"x",
    license: b"MIT/GPL",
}
//~ 4:14: error: unknown license `MIT/GPL`: did you mean `Dual MIT/GPL`?

//# no module name
module! {
    type: T,
    name: b"x-y z",
    license: b"GPL",
}
//~ 3:11: error: `x-y z` is no module name: letters, digits and `_` only

//# a name too long
module! {
    type: T,
    name: b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    license: b"GPL",
}
//~ 3:11: error: the name has 56 bytes, the kernel takes 55

//# both aliases
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    alias: b"a",
    alias_rtnl_link: b"b",
}
//~ 6:5: error: `alias` and `alias_rtnl_link` exclude each other

//# no comma
module! {
    type: T,
    name: b"x"
    license: b"GPL",
}
//~ 4:5: error: expected `,`, found `license`

//# no colon
module! {
    type: T,
    name b"x",
    license: b"GPL",
}
//~ 3:10: error: expected `:`, found `b"x"`

//# no value
module! {
    type: T,
    name: b"x",
    license:
}
//~ 4:12: error: expected a byte string (`license: b"..."`) after this

//# an escape
module! {
    type: T,
    name: b"x",
    author: b"\x41",
    license: b"GPL",
}
//~ 4:13: error: `author` may hold no escapes but `\\`, `\"`, `\'`, `\n` and `\t`

//# a raw string
module! {
    type: T,
    name: br"x",
    license: b"GPL",
}
//~ 3:11: error: expected a byte string (`name: b"..."`), found `br"x"`

//# a type that is no KernelModule
module! {
    type: U,
    name: b"x",
    license: b"GPL",
}
struct U;
//~ 2:11: error: the trait bound `U: kernel::KernelModule` is not satisfied: unsatisfied trait bound

//# a type that is not there
module! {
    type: Missing,
    name: b"x",
    license: b"GPL",
}
//~ 2:11: error: cannot find type `Missing` in this scope: not found in this scope

//# a key that is a literal
module! {
    "type": T,
    name: b"x",
    license: b"GPL",
}
//~ 2:5: error: expected a key of `module!`, found `"type"`

//# no type after the colon
module! {
    type: ,
    name: b"x",
    license: b"GPL",
}
//~ 2:11: error: expected a type, found `,`

//# a module that is not Sync
module! {
    type: V,
    name: b"x",
    license: b"GPL",
}
struct V(*mut u8);
impl KernelModule for V {
    fn init() -> Result<Self> { Err(Error::EINVAL) }
}
//~ 7:23: error: `*mut u8` cannot be shared between threads safely: `*mut u8` cannot be shared between threads safely
//~ 2:11: error: `*mut u8` cannot be shared between threads safely: `*mut u8` cannot be shared between threads safely

//# a broken module that prints
module! {
    type: T,
    name: b"x",
}
fn _f() { pr_info!("x") }
//~ 1:1: error: missing key `license`

//# params: an unknown type
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: f32 { default: 1, permissions: 0, description: b"a" },
    },
}
//~ 6:12: error: `f32` is no type of a parameter: did you mean `i32`?

//# params: a type misspelt
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: string { default: 1, permissions: 0, description: b"a" },
    },
}
//~ 6:12: error: `string` is no type of a parameter: there are `bool`, `i8`, `u8`, `i16`, `u16`, `i32`, `u32`, `i64`, `u64`, `isize`, `usize`, `str` and `ArrayParam<T, N>`

//# params: an array of strings
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: ArrayParam<str, 2> { default: [], permissions: 0, description: b"a" },
    },
}
//~ 6:23: error: an array of `str` is not supported

//# params: an array without a length
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: ArrayParam<u8> { default: [], permissions: 0, description: b"a" },
    },
}
//~ 6:25: error: expected `,`, found `>`

//# params: a default of another type
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: bool { default: 1, permissions: 0, description: b"a" },
    },
}
//~ 6:28: error: mismatched types: expected `bool`, found integer

//# params: a default out of range
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: u8 { default: 256, permissions: 0, description: b"a" },
    },
}
//~ 6:26: error: literal out of range for `u8`

//# params: a negative default
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: u32 { default: -1, permissions: 0, description: b"a" },
    },
}
//~ 6:27: error: cannot apply unary operator `-` to type `u32`: cannot apply unary operator `-`

//# params: a string for a byte string
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: str { default: "text", permissions: 0, description: b"a" },
    },
}
//~ 6:27: error: expected a byte string (`default: b"..."`), found `"text"`

//# params: more values than there is room for
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: ArrayParam<u8, 2> { default: [1, 2, 3], permissions: 0, description: b"a" },
    },
}
//~ 1:1: error: evaluation panicked: the default of an ArrayParam has more values than it holds: evaluation of `__x_param_p_value` failed inside this call

//# params: no default
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: u8 { permissions: 0, description: b"a" },
    },
}
//~ 6:17: error: expected `default`, found `permissions`: a parameter has `default`, `permissions`, `description`

//# params: no description
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: u8 { default: 0, permissions: 0 },
    },
}
//~ 6:42: error: expected `,` after this

//# params: the wrong order
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: u8 { default: 0, description: b"a", permissions: 0 },
    },
}
//~ 6:29: error: expected `permissions`, found `description`: a parameter has `default`, `permissions`, `description`

//# params: something more
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: u8 { default: 0, permissions: 0, description: b"a", max: 3 },
    },
}
//~ 6:64: error: expected nothing more, found `max`

//# params: no braces
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: u8,
    },
}
//~ 6:14: error: expected `{ default: ..., permissions: ..., description: b"..." }`, found `,`

//# params: two of a name
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: u8 { default: 0, permissions: 0, description: b"a" },
        p: i8 { default: 0, permissions: 0, description: b"b" },
    },
}
//~ 7:9: error: duplicate parameter `p`

//# params: permissions without 0o
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: u8 { default: 1, permissions: 644, description: b"a" },
    },
}
//~ 6:42: error: `644` are no permissions: at most `0o777`; octal numbers begin with `0o`

//# params: permissions that are no number
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: u8 { default: 1, permissions: S_IRUGO, description: b"a" },
    },
}
//~ 6:42: error: expected the permissions, found `S_IRUGO`

//# params: permissions for others to write
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: u8 { default: 1, permissions: 0o666, description: b"a" },
    },
}
//~ 6:42: error: the kernel refuses `0o666`: others may write

//# params: permissions for the group alone
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: u8 { default: 1, permissions: 0o040, description: b"a" },
    },
}
//~ 6:42: error: the kernel refuses `0o040`: the group may read and the user may not

//# params: read without the lock
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: u8 { default: 1, permissions: 0o644, description: b"a" },
    },
}
fn f() -> u8 { *p.read() }
//~ 9:19: error: this method takes 1 argument but 0 arguments were supplied

//# params: the lock where there is none to take
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: u8 { default: 1, permissions: 0, description: b"a" },
    },
}
fn f() -> u8 { *p.read(&THIS_MODULE.kernel_param_lock()) }
//~ 9:19: error: this method takes 0 arguments but 1 argument was supplied

//# params: a value that outlives the lock
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: u8 { default: 1, permissions: 0o644, description: b"a" },
    },
}
fn f() -> &'static u8 { p.read(&THIS_MODULE.kernel_param_lock()) }
//~ 9:25: error: cannot return value referencing temporary value: returns a value referencing data owned by the current function

//# a misc device of another type
module_misc_device! { type: T, name: b"x", license: b"GPL" }
//~ 1:29: error: the trait bound `T: FileOpener<()>` is not satisfied: unsatisfied trait bound
//~ 1:29: error: the trait bound `T: FileOpener<()>` is not satisfied: the trait `Default` is not implemented for `T`

//# a misc device without a license
module_misc_device! { type: T, name: b"x" }
//~ 1:1: error: missing key `license`

//# an operation that there is not
use kernel::file_operations::FileOperations;
#[derive(Default)]
struct F;
impl FileOperations for F {
    kernel::declare_file_operations!(read, flush);
}
//~ 5:44: error: struct `ToUse` has no field named `flush`: `ToUse` does not have this field

//# an operation twice
use kernel::file_operations::FileOperations;
#[derive(Default)]
struct F;
impl FileOperations for F {
    kernel::declare_file_operations!(read, read);
}
//~ 5:44: error: field `read` specified more than once: used more than once

//# no operations declared
use kernel::file_operations::FileOperations;
#[derive(Default)]
struct F;
impl FileOperations for F {}
//~ 4:1: error: not all trait items implemented, missing: `TO_USE`: missing `TO_USE` in implementation

//# an operation of another signature
use kernel::file_operations::FileOperations;
#[derive(Default)]
struct F;
impl FileOperations for F {
    kernel::declare_file_operations!(read);
    fn read(_: &F, _: &kernel::file::File, _: &mut [u8], _: u64) -> Result<usize> { Ok(0) }
}
//~ 6:12: error: associated function `read` has 0 type parameters but its trait declaration has 1 type parameter: found 0 type parameters

//# a file that is not Sync
use kernel::file_operations::FileOperations;
#[derive(Default)]
struct F(core::cell::Cell<u8>);
impl FileOperations for F {
    kernel::declare_file_operations!();
}
//~ 4:25: error: `Cell<u8>` cannot be shared between threads safely: `Cell<u8>` cannot be shared between threads safely

//# a context that is not Sync
use core::cell::Cell;
use kernel::miscdev::Registration;
struct S(Registration<Cell<u8>>);
//~ 3:10: error: `Cell<u8>` cannot be shared between threads safely: `Cell<u8>` cannot be shared between threads safely

//# a mutex of what is not Send
fn shared<T: Sync>(_: &T) {}
fn f(m: &kernel::sync::Mutex<*mut u8>) { shared(m) }
//~ 2:49: error: `*mut u8` cannot be sent between threads safely: `*mut u8` cannot be sent between threads safely

//# a guard that is sent
fn sent<T: Send>(_: T) {}
fn f(m: &kernel::sync::Mutex<u8>) { sent(m.lock()) }
//~ 2:42: error: `*mut ()` cannot be sent between threads safely: `*mut ()` cannot be sent between threads safely

//# a NUL in a C string
fn f() -> &'static kernel::str::CStr { kernel::c_str!("a\0b") }
//~ 1:40: error: evaluation panicked: string contains interior NUL: evaluation of `f::C` failed inside this call

//# rbtree: a key without an order
fn f(t: &kernel::rbtree::RBTree<f32, u8>) -> Option<&u8> { t.get(&1.0) }
//~ 1:62: error: the trait bound `f32: Ord` is not satisfied: the trait `Ord` is not implemented for `f32`

//# rbtree: a value that outlives the tree
fn f() -> Option<u8> {
    let t = kernel::rbtree::RBTree::new();
    let v: Option<&u8> = t.get(&1);
    drop(t);
    v.copied()
}
//~ 4:10: error: cannot move out of `t` because it is borrowed: move out of `t` occurs here

//# rbtree: changed while it is walked
fn f(t: &mut kernel::rbtree::RBTree<u8, u8>) { for (k, _) in t.iter() { t.remove(k); } }
//~ 1:73: error: cannot borrow `*t` as mutable because it is also borrowed as immutable: mutable borrow occurs here

//# devices of a driver: data that C could not keep
struct D;
impl kernel::platdev::PlatformDriver for D {
    type DrvData = u32;
    fn probe(_: i32) -> Result<u32> {
        Ok(0)
    }
    fn remove(_: i32, _: u32) -> Result {
        Ok(())
    }
}
//~ 3:20: error: the trait bound `u32: PointerWrapper` is not satisfied: the trait `PointerWrapper` is not implemented for `u32`

//# internal: the table of file operations, where it is defined
use kernel::file_operations::vtable::FileOperationsVtable;
//~ 1:30: error: module `vtable` is private: private module

//# internal: the table of file operations, by its old re-export
use kernel::file_operations::FileOperationsVtable;
//~ 1:5: error: unresolved import `kernel::file_operations::FileOperationsVtable`: no `FileOperationsVtable` in `file_operations`

//# internal: the pointer of a module
fn f(m: &kernel::ThisModule) { let _ = m.as_ptr(); let _ = m.0; }
//~ 1:42: error: method `as_ptr` is private: private method
//~ 1:62: error: field `0` of struct `ThisModule` is private: private field

//# internal: the pointer of a task
fn f(t: &kernel::task::Task) { let _ = t.ptr; }
//~ 1:42: error: field `ptr` of struct `Task` is private: private field

//# internal: the pointer of a file
fn f(f: &kernel::file::File) { let _ = f.ptr; }
//~ 1:42: error: field `ptr` of struct `File` is private: private field

//# internal: the pointer of a table of devices
fn f(t: &kernel::of::OfMatchTable) { let _ = t.as_ptr(); }
//~ 1:48: error: method `as_ptr` is private: private method

//# internal: a writer to memory of the kernel
unsafe fn f(p: *mut core::ffi::c_void) { let _ = unsafe { kernel::user_ptr::UserSlicePtrWriter::from_kernel(p, 1) }; }
//~ 1:97: error: associated function `from_kernel` is private: private associated function

//# internal: a reference as a pointer
fn f(r: kernel::sync::Ref<u8>) { let _ = kernel::sync::Ref::into_raw(r); }
//~ 1:61: error: associated function `into_raw` is private: private associated function

//# internal: a reference of a pointer
unsafe fn f(p: *const u8) { let _ = unsafe { kernel::sync::Ref::from_raw(p) }; }
//~ 1:65: error: associated function `from_raw` is private: private associated function

//# internal: FileOperationsVtable, by its path
use kernel::internal::FileOperationsVtable;
//~ 1:5: error: unresolved import `kernel::internal::FileOperationsVtable`: no `FileOperationsVtable` in `internal`
//~ 1:13: error: module `internal` is private: private module

//# internal: this_module_ptr, by its path
use kernel::internal::this_module_ptr;
//~ 1:5: error: unresolved import `kernel::internal::this_module_ptr`: no `this_module_ptr` in `internal`
//~ 1:13: error: module `internal` is private: private module

//# internal: task_ptr, by its path
use kernel::internal::task_ptr;
//~ 1:5: error: unresolved import `kernel::internal::task_ptr`: no `task_ptr` in `internal`
//~ 1:13: error: module `internal` is private: private module

//# internal: file_ptr, by its path
use kernel::internal::file_ptr;
//~ 1:5: error: unresolved import `kernel::internal::file_ptr`: no `file_ptr` in `internal`
//~ 1:13: error: module `internal` is private: private module

//# internal: of_table_ptr, by its path
use kernel::internal::of_table_ptr;
//~ 1:5: error: unresolved import `kernel::internal::of_table_ptr`: no `of_table_ptr` in `internal`
//~ 1:13: error: module `internal` is private: private module

//# internal: user_writer_from_kernel, by its path
use kernel::internal::user_writer_from_kernel;
//~ 1:5: error: unresolved import `kernel::internal::user_writer_from_kernel`: no `user_writer_from_kernel` in `internal`
//~ 1:13: error: module `internal` is private: private module

//# internal: ref_into_raw, by its path
use kernel::internal::ref_into_raw;
//~ 1:5: error: unresolved import `kernel::internal::ref_into_raw`: no `ref_into_raw` in `internal`
//~ 1:13: error: module `internal` is private: private module

//# internal: ref_from_raw, by its path
use kernel::internal::ref_from_raw;
//~ 1:5: error: unresolved import `kernel::internal::ref_from_raw`: no `ref_from_raw` in `internal`
//~ 1:13: error: module `internal` is private: private module

//# internal: the module
use kernel::internal;
//~ 1:13: error: module `internal` is private: private module

//# internal: the module, through a glob import
use kernel::*;
fn f(m: &ThisModule) { internal::this_module_ptr(m); }
//~ 3:5: warning: unused import: `kernel::prelude::*`
//~ 2:24: error: cannot find module or crate `internal` in this scope: use of unresolved module or unlinked crate `internal`

//# internal: the items, through a glob import
use kernel::internal::*;
fn f(m: &kernel::ThisModule) { this_module_ptr(m); }
//~ 1:13: error: module `internal` is private: private module
//~ 2:32: error: cannot find function `this_module_ptr` in this scope: not found in this scope

//# internal: the items, through glob imports of all wrappers that use them
use kernel::{chrdev::*, linked_list::*, miscdev::*, platdev::*, security::*, sysctl::*};
fn f() {
    this_module_ptr(); task_ptr(); file_ptr(); of_table_ptr(); user_writer_from_kernel(); ref_into_raw::<u8>();
}
type V = FileOperationsVtable<(), ()>;
//~ 5:10: error: cannot find type `FileOperationsVtable` in this scope: not found in this scope
//~ 1:14: warning: unused imports: `chrdev::*`, `linked_list::*`, `miscdev::*`, `platdev::*`, `security::*`, and `sysctl::*`
//~ 3:5: error: cannot find function `this_module_ptr` in this scope: not found in this scope
//~ 3:24: error: cannot find function `task_ptr` in this scope: not found in this scope
//~ 3:36: error: cannot find function `file_ptr` in this scope: not found in this scope
//~ 3:48: error: cannot find function `of_table_ptr` in this scope: not found in this scope
//~ 3:64: error: cannot find function `user_writer_from_kernel` in this scope: not found in this scope
//~ 3:91: error: cannot find function `ref_into_raw` in this scope: not found in this scope

//# internal: the items, as imports of wrappers
use kernel::chrdev::this_module_ptr;
use kernel::linked_list::ref_from_raw;
use kernel::linked_list::ref_into_raw;
use kernel::miscdev::FileOperationsVtable;
use kernel::platdev::of_table_ptr;
use kernel::security::file_ptr;
use kernel::security::task_ptr;
use kernel::sysctl::user_writer_from_kernel;
//~ 1:21: error: function `this_module_ptr` is private: private function
//~ 2:26: error: function `ref_from_raw` is private: private function
//~ 3:26: error: function `ref_into_raw` is private: private function
//~ 4:22: error: struct `FileOperationsVtable` is private: private struct
//~ 5:22: error: function `of_table_ptr` is private: private function
//~ 6:23: error: function `file_ptr` is private: private function
//~ 7:23: error: function `task_ptr` is private: private function
//~ 8:21: error: function `user_writer_from_kernel` is private: private function

//# internal: through the prelude
use kernel::prelude::internal;
use kernel::prelude::super::internal;
//~ 2:22: error: `super` in paths can only be used in start position: can only be used in path start position
//~ 1:5: error: unresolved import `kernel::prelude::internal`: no `internal` in `prelude`

//# internal: by its path from the wrapper
use kernel::miscdev::super::internal;
//~ 1:22: error: `super` in paths can only be used in start position: can only be used in path start position

//# internal: through the base crate
extern crate kernel_base;
use kernel_base::internal;
//~ 1:1: error: can't find crate for `kernel_base`: can't find crate

//# internal: through the base crate, by its path
use kernel_base::internal::this_module_ptr;
use ::kernel_base::internal::task_ptr;
//~ 2:7: error: cannot find `kernel_base` in the crate root: could not find `kernel_base` in the list of imported crates
//~ 1:5: error: cannot find module or crate `kernel_base` in this scope: use of unresolved module or unlinked crate `kernel_base`

//# internal: through a wrapper's crate
extern crate kernel_miscdev;
fn f() -> kernel::Result<kernel::miscdev::Registration> { kernel_miscdev::internal::task_ptr() }
//~ 1:1: error: can't find crate for `kernel_miscdev`: can't find crate

//# internal: `$crate` of one's own macro
macro_rules! m { ($($t:tt)*) => { use $crate::internal; use kernel::$($t)*; } }
m!(internal);
//~ 2:4: error: module `internal` is private: private module

//# internal: a macro of `kernel` that is given a path
kernel::make_param_ops!(OPS, kernel::internal::FileOperationsVtable<(), ()>);
kernel::static_assert!(kernel::internal::X);
//~ 1:48: error: cannot find type `FileOperationsVtable` in `kernel::internal`: not found in `kernel::internal`
//~ 2:42: error: cannot find value `X` in `kernel::internal`: not found in `kernel::internal`
//~ 1:38: error: module `internal` is private: private module
//~ 2:32: error: module `internal` is private: private module

//# internal: the links of lists without owners
use kernel::raw_list;
use kernel::linked_list::raw_list::RawList;
use kernel::linked_list::RawList;
//~ 1:5: error: unresolved import `kernel::raw_list`: no `raw_list` in the root
//~ 2:26: error: module `raw_list` is private: private module
//~ 3:26: error: struct `RawList` is private: private struct

//# internal: the links of lists without owners, through a glob import
use kernel::*;
use kernel::linked_list::*;
fn f<G: GetLinks>(_: raw_list::RawList<G>, _: RawList<G>) {}
//~ 3:47: error: cannot find type `RawList` in this scope: not found in this scope
//~ 4:5: warning: unused import: `kernel::prelude::*`
//~ 3:22: error: cannot find module or crate `raw_list` in this scope: use of unresolved module or unlinked crate `raw_list`

//# internal: the crates of wrappers, as items of `kernel`
use kernel::kernel_base;
use kernel::kernel_miscdev;
//~ 1:5: error: unresolved import `kernel::kernel_base`: no `kernel_base` in the root
//~ 2:5: error: unresolved import `kernel::kernel_miscdev`: no `kernel_miscdev` in the root
