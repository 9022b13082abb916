// SPDX-License-Identifier: GPL-2.0

//! Locks, condition variables and counted references.

#![no_std]
#![feature(allocator_api, global_asm)]

use kernel::prelude::*;
use kernel::sync::{CondVar, LockedBy, Mutex, Ref, SpinLock};
use kernel::{condvar_init, mutex_init, spinlock_init, PointerWrapper, ScopeGuard};

module! {
    type: RustSync,
    name: b"rust_sync",
    author: b"The scons-kmod authors",
    description: b"Rust synchronisation primitives sample",
    license: b"GPL v2",
}

fn mutex() -> Result {
    // SAFETY: `mutex_init!` is called below.
    let mut data = Pin::from(Box::try_new(unsafe { Mutex::new(0) })?);
    mutex_init!(data.as_mut(), "rust_sync::mutex::data");
    *data.lock() = 10;
    pr_info!("Mutex: {}\n", *data.lock());

    // SAFETY: `condvar_init!` is called below.
    let mut changed = Pin::from(Box::try_new(unsafe { CondVar::new() })?);
    condvar_init!(changed.as_mut(), "rust_sync::mutex::changed");
    {
        let mut guard = data.lock();
        while *guard != 10 {
            let _ = changed.wait(&mut guard);
        }
    }
    changed.notify_one();
    changed.notify_all();
    changed.free_waiters();
    Ok(())
}

fn spinlock() -> Result {
    // SAFETY: `spinlock_init!` is called below.
    let data = Pin::from(Box::try_new(unsafe { SpinLock::new(0) })?);
    spinlock_init!(data.as_ref(), "rust_sync::spinlock::data");
    *data.lock() = 20;
    pr_info!("SpinLock: {}\n", *data.lock());

    // SAFETY: `condvar_init!` is called below.
    let changed = Pin::from(Box::try_new(unsafe { CondVar::new() })?);
    condvar_init!(changed.as_ref(), "rust_sync::spinlock::changed");
    {
        let mut guard = data.lock();
        while *guard != 20 {
            let _ = changed.wait(&mut guard);
        }
    }
    changed.notify_one();
    changed.notify_all();
    changed.free_waiters();
    Ok(())
}

/// What a parent's lock protects in itself.
struct Total(u32);

/// What the same lock protects elsewhere.
struct Child {
    share: LockedBy<u32, Mutex<Total>>,
}

fn locked_by() -> Result {
    // SAFETY: `mutex_init!` is called below.
    let mut parent = Pin::from(Box::try_new(unsafe { Mutex::new(Total(30)) })?);
    mutex_init!(parent.as_mut(), "rust_sync::locked_by::parent");
    let child = Box::try_new(Child {
        share: LockedBy::new(&*parent, 1),
    })?;

    let mut guard = parent.lock();
    *child.share.access_mut(&mut guard) += 1;
    *child.share.access_from_mut(&mut *guard) += 2;
    guard.0 -= *child.share.access(&guard);
    pr_info!("LockedBy: {} of {}\n", child.share.access(&guard), guard.0);
    Ok(())
}

trait Shape {
    fn corners(&self) -> u32;
}

struct Triangle {
    name: &'static str,
}

impl Shape for Triangle {
    fn corners(&self) -> u32 {
        3
    }
}

impl Triangle {
    fn twice(self: Ref<Self>) -> (Ref<Self>, Ref<Self>) {
        (self.clone(), self)
    }
}

impl Drop for Triangle {
    fn drop(&mut self) {
        pr_info!("Ref: {} is dropped\n", self.name);
    }
}

fn reference() -> Result {
    let (a, b) = Ref::try_new(Triangle { name: "a triangle" })?.twice();
    let other = Ref::try_new_and_init(Triangle { name: "" }, |mut triangle| {
        triangle.as_mut().get_mut().name = "another triangle"
    })?;
    pr_info!("Ref: {} {}\n", Ref::ptr_eq(&a, &b), Ref::ptr_eq(&a, &other));

    // As C would keep it, in an integer or in a pointer.
    let number = Ref::into_usize(a);
    {
        // SAFETY: the number is taken back below.
        let borrowed = unsafe { Ref::<Triangle>::borrow_usize(number) };
        pr_info!("Ref: {} {}\n", Ref::ptr_eq(&borrowed, &b), borrowed.name);
    }
    // SAFETY: the number came from `into_usize`, and nothing is borrowed.
    let a: Ref<Triangle> = unsafe { Ref::from_usize(number) };
    let pointer = Ref::pinned(a).into_pointer();
    // SAFETY: the pointer came from `into_pointer`.
    let a: Pin<Ref<Triangle>> = unsafe { PointerWrapper::from_pointer(pointer) };

    drop(b);
    let shape: Ref<dyn Shape> = other;
    pr_info!("Ref: {} corners\n", shape.corners());
    drop(shape);
    pr_info!("Ref: {} is left\n", a.name);
    Ok(())
}

/// The first half of an array, the length of which is even.
#[inline(always)]
fn half<const N: usize>(array: &[u8; N]) -> &[u8] {
    build_assert!(N % 2 == 0);
    &array[..N / 2]
}

fn others() -> Result {
    let pinned = <Arc<u32> as TryPin<_>>::try_pin(40)?;
    pr_info!("TryPin: {}\n", *pinned);

    pr_info!("build_assert: {:?}\n", half(&[1, 2, 3, 4]));

    ScopeGuard::new(|| pr_info!("ScopeGuard: dismissed\n")).dismiss();
    let _guard = ScopeGuard::new(|| pr_info!("ScopeGuard: left\n"));
    pr_info!("ScopeGuard: entered\n");
    Ok(())
}

struct RustSync;

impl KernelModule for RustSync {
    fn init() -> Result<Self> {
        pr_info!("Rust synchronisation primitives sample (init)\n");
        mutex()?;
        spinlock()?;
        locked_by()?;
        reference()?;
        others()?;
        Ok(RustSync)
    }
}

impl Drop for RustSync {
    fn drop(&mut self) {
        pr_info!("Rust synchronisation primitives sample (exit)\n");
    }
}
