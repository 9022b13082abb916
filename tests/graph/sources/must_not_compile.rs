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
