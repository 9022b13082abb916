// SPDX-License-Identifier: GPL-2.0
// What modules of 2021 may write: see test_compile_fail.py.

//# all keys
module! {
    type: T,
    name: b"x",
    author: b"me",
    description: b"a",
    license: b"GPL",
    alias: b"b",
}

//# a module of a generic type
module! {
    type: W<u8, Vec<u8>>,
    name: b"x",
    license: b"Dual MIT/GPL"
}
struct W<A, B>(A, B);
impl KernelModule for W<u8, Vec<u8>> {
    fn init() -> Result<Self> { Ok(W(0, Vec::new())) }
}
impl<A, B> Drop for W<A, B> { fn drop(&mut self) { let _ = (&self.0, &self.1); } }

//# by another macro
macro_rules! m { ($n:literal, $t:ty, $p:literal) => { module! { type: $t, name: $n, license: b"GPL",
 params: { q: u8 { default: 1, permissions: $p, description: b"" } } } } }
m!(b"x", T, 0o400);

//# in a module of its own
mod inner {
    use super::T;
    use kernel::prelude::*;
    module! { type: T, name: b"x", license: b"GPL" }
}

//# an alias of a link
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    alias_rtnl_link: b"b",
}

//# a configuration that is not known
#[cfg(CONFIG_FOO)] fn f() {}
#[cfg(CONFIG_BAR = "y")] fn g() {}

//# params: empty
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {},
}

//# params: nobody reads it
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: u8 { default: 1, permissions: 0, description: b"a" },
    },
}

//# params: used elsewhere
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: u8 { default: 1, permissions: 0, description: b"a" },
    },
}
mod other { pub fn f() -> u8 { *super::p.read() } }
pub fn g() -> u8 { other::f() }

//# params: hexadecimal permissions
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        p: u8 { default: 1, permissions: 0x1a4, description: b"a" },
    },
}
pub fn f() -> u8 { *p.read(&THIS_MODULE.kernel_param_lock()) }

//# params: called as a key of the module
module! {
    type: T,
    name: b"x",
    license: b"GPL",
    params: {
        license: u8 { default: 1, permissions: 0, description: b"a" },
    },
}
pub fn f() -> u8 { *license.read() }

//# params: a type of a module
use kernel::module_param::ModuleParam;
pub struct P(u8);
impl core::fmt::Display for P {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result { self.0.fmt(f) }
}
impl ModuleParam for P {
    type Value = u8;
    const NOARG_ALLOWED: bool = true;
    fn try_from_param_arg(arg: Option<&'static [u8]>) -> Option<Self> { Some(P(arg?.len() as u8)) }
    fn value(&self) -> &u8 { &self.0 }
}
kernel::make_param_ops!(PARAM_OPS_P, P);

//# the names of April
#![allow(deprecated)]
use kernel::{cstr, CStr, KernelResult};
pub struct A;
impl KernelModule for A { fn init() -> KernelResult<Self> { Ok(A) } }
pub const NAME: &CStr = cstr!("a");
pub fn f() -> KernelResult { Err(Error::EINVAL) }

//# the names of April, from the prelude
#![allow(deprecated)]
pub fn f() -> KernelResult<u8> { Ok(1) }

//# the features of the time
#![feature(try_reserve, core_intrinsics, new_uninit, get_mut_unchecked, bench_black_box, test)]
#![allow(internal_features)]
module! {
    type: T,
    name: b"x",
    license: b"GPL",
}

//# features that are gone
#![feature(const_fn, concat_idents, receiver_trait)]
module! { type: T, name: b"x", license: b"GPL" }

//# assembler
global_asm!("nop");
pub fn f() { unsafe { asm!("nop") } }

//# liballoc's try_ methods
pub fn f() -> Result<(Box<[u8]>, String)> {
    let mut v = Vec::try_with_capacity(3)?;
    v.try_push(1)?;
    v.try_extend_from_slice(&[2, 3])?;
    v.try_resize(9, 0)?;
    let b = Box::try_new(1u8)?;
    let a = Arc::<u8>::try_new_uninit()?;
    drop((a, b, v.try_to_vec()?, v[1..].try_to_vec()?, try_vec![0; 3]?, try_vec![1, 2]?));
    Ok((v.try_into_boxed_slice()?, "s".try_to_owned()?))
}

//# liballoc by its own name
extern crate alloc;
use alloc::{boxed::Box as B, vec::Vec as V};
pub fn f() -> Result<B<V<u8>>> { Ok(B::try_new(V::new())?) }

