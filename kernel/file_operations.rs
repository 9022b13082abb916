// SPDX-License-Identifier: GPL-2.0

//! What a driver does when its files are opened, read, written and closed.
//!
//! C: include/linux/fs.h (`struct file_operations`), Documentation/filesystems/vfs.rst. All
//! operations are called in the context of a process that uses the file, and may sleep.

use crate::bindings;
use crate::c_types::{c_char, c_int, c_void};
use crate::file::{File, FileRef};
use crate::from_kernel_result;
use crate::io_buffer::{IoBufferReader, IoBufferWriter};
use crate::types::PointerWrapper;
use crate::user_ptr::UserSlicePtr;
use crate::{Error, Result};
use alloc::boxed::Box;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::Deref;
use core::ptr::addr_of_mut;

/// Which of the operations a driver has. [`declare_file_operations!`](crate::declare_file_operations)
/// makes it.
///
/// The others are null in C's table, which the kernel answers in its own way.
pub struct ToUse {
    /// `read`.
    pub read: bool,
    /// `write`.
    pub write: bool,
}

/// No operations but open and release.
pub const USE_NONE: ToUse = ToUse {
    read: false,
    write: false,
};

/// Says which operations a [`FileOperations`] implements: `declare_file_operations!(read, write);`
#[macro_export]
macro_rules! declare_file_operations {
    () => {
        const TO_USE: $crate::file_operations::ToUse = $crate::file_operations::USE_NONE;
    };
    ($($i:ident),+) => {
        const TO_USE: $crate::file_operations::ToUse = $crate::file_operations::ToUse {
            $($i: true),+,
            ..$crate::file_operations::USE_NONE
        };
    };
}

/// How a registration finds its own data when one of its files is opened.
pub trait FileOpenAdapter {
    /// What [`FileOpener::open`] is given.
    type Arg;

    /// The data, from what C's `open` is called with.
    ///
    /// # Safety
    ///
    /// Both pointers are valid, and the file belongs to a registration of this type.
    unsafe fn convert(inode: *mut bindings::inode, file: *mut bindings::file) -> *const Self::Arg;
}

/// How a file begins: C's `open`.
pub trait FileOpener<T: ?Sized>: FileOperations {
    /// Makes the state of a file that has just been opened. `context` is the registration's data.
    fn open(context: &T) -> Result<Self::Wrapper>;
}

impl<T: FileOperations<Wrapper = Box<T>> + Default> FileOpener<()> for T {
    fn open(_: &()) -> Result<Self::Wrapper> {
        Ok(Box::try_new(T::default())?)
    }
}

/// The operations of an open file. An operation that is implemented has to be declared, too.
///
/// `this` is the state that [`FileOpener::open`] made. Several threads may be in the operations of
/// one file at once.
pub trait FileOperations: Send + Sync + Sized {
    /// The operations that there are, by
    /// [`declare_file_operations!`](crate::declare_file_operations).
    const TO_USE: ToUse;

    /// What owns the state of a file while it is open.
    type Wrapper: PointerWrapper = Box<Self>;

    /// The last reference of the file is gone: C's `release`.
    fn release(_obj: Self::Wrapper, _file: &File) {}

    /// Reads from `offset` on into `data`: C's `read`. Gives the number of bytes; 0 is the end.
    fn read<T: IoBufferWriter>(
        _this: &<<Self::Wrapper as PointerWrapper>::Borrowed as Deref>::Target,
        _file: &File,
        _data: &mut T,
        _offset: u64,
    ) -> Result<usize> {
        Err(Error::EINVAL)
    }

    /// Writes `data` at `offset`: C's `write`. Gives the number of bytes taken.
    fn write<T: IoBufferReader>(
        _this: &<<Self::Wrapper as PointerWrapper>::Borrowed as Deref>::Target,
        _file: &File,
        _data: &mut T,
        _offset: u64,
    ) -> Result<usize> {
        Err(Error::EINVAL)
    }
}

/// # Safety
///
/// `inode` and `file` are valid, and the file belongs to a registration of type `A`.
unsafe extern "C" fn open_callback<A: FileOpenAdapter, T: FileOpener<A::Arg>>(
    inode: *mut bindings::inode,
    file: *mut bindings::file,
) -> c_int {
    from_kernel_result! {
        // SAFETY: the kernel calls with what the trait asks for.
        let arg = unsafe { A::convert(inode, file) };
        // SAFETY: the registration outlives the call: the kernel locks it against deregistration.
        let ptr = T::open(unsafe { &*arg })?.into_pointer();
        // SAFETY: `file` is valid, and nobody else has it yet.
        unsafe { (*file).private_data = ptr.cast_mut() };
        Ok(0)
    }
}

/// Adds `count` bytes to the position that C gave for a read or a write.
///
/// # Safety
///
/// `offset` is valid.
unsafe fn advance(offset: *mut bindings::loff_t, count: usize) -> Result<isize> {
    let moved = bindings::loff_t::try_from(count)?;
    // SAFETY: the caller's promise.
    unsafe { *offset += moved };
    Ok(count as isize)
}

/// # Safety
///
/// As the kernel calls it: `file` has been opened by [`open_callback`].
unsafe extern "C" fn read_callback<T: FileOperations>(
    file: *mut bindings::file,
    buf: *mut c_char,
    len: usize,
    offset: *mut bindings::loff_t,
) -> isize {
    from_kernel_result! {
        // SAFETY: the range is this call's only.
        let mut data = unsafe { UserSlicePtr::new(buf.cast(), len) }.writer();
        // SAFETY: `private_data` is what `open_callback` put there, until release.
        let this = unsafe { T::Wrapper::borrow((*file).private_data) };
        // SAFETY: the caller of `read` holds a reference.
        let file = unsafe { FileRef::from_ptr(file) };
        // SAFETY: the kernel gives a valid position, and never a negative one.
        let read = T::read(&this, &file, &mut data, u64::try_from(unsafe { *offset })?)?;
        // SAFETY: see above.
        unsafe { advance(offset, read) }
    }
}

/// # Safety
///
/// As the kernel calls it: `file` has been opened by [`open_callback`].
unsafe extern "C" fn write_callback<T: FileOperations>(
    file: *mut bindings::file,
    buf: *const c_char,
    len: usize,
    offset: *mut bindings::loff_t,
) -> isize {
    from_kernel_result! {
        let buf: *const c_void = buf.cast();
        // SAFETY: the range is this call's only.
        let mut data = unsafe { UserSlicePtr::new(buf.cast_mut(), len) }.reader();
        // SAFETY: `private_data` is what `open_callback` put there, until release.
        let this = unsafe { T::Wrapper::borrow((*file).private_data) };
        // SAFETY: the caller of `write` holds a reference.
        let file = unsafe { FileRef::from_ptr(file) };
        // SAFETY: the kernel gives a valid position, and never a negative one.
        let written = T::write(&this, &file, &mut data, u64::try_from(unsafe { *offset })?)?;
        // SAFETY: see above.
        unsafe { advance(offset, written) }
    }
}

/// # Safety
///
/// As the kernel calls it: once, for a file that [`open_callback`] has opened.
unsafe extern "C" fn release_callback<T: FileOperations>(
    _inode: *mut bindings::inode,
    file: *mut bindings::file,
) -> c_int {
    // SAFETY: `private_data` is what `open_callback` put there, and all other calls have ended.
    let obj = unsafe { T::Wrapper::from_pointer((*file).private_data) };
    // SAFETY: the file lives until `release` returns.
    let file = unsafe { FileRef::from_ptr(file) };
    T::release(obj, &file);
    0
}

/// C's table of operations for the files of a registration `A` that are opened as `T`.
pub(crate) struct FileOperationsVtable<A, T>(PhantomData<A>, PhantomData<T>);

impl<A: FileOpenAdapter, T: FileOpener<A::Arg>> FileOperationsVtable<A, T> {
    const VTABLE: bindings::file_operations = bindings::file_operations {
        // An open file keeps the module loaded.
        owner: addr_of_mut!(bindings::__this_module),
        open: Some(open_callback::<A, T>),
        release: Some(release_callback::<T>),
        read: if T::TO_USE.read {
            Some(read_callback::<T>)
        } else {
            None
        },
        write: if T::TO_USE.write {
            Some(write_callback::<T>)
        } else {
            None
        },
        // SAFETY: null pointers and zeroes are what C has for operations that are left out.
        ..unsafe { MaybeUninit::zeroed().assume_init() }
    };

    /// The table.
    ///
    /// # Safety
    ///
    /// Only the registration `A` may use it: its files' `private_data` is what
    /// [`FileOpenAdapter::convert`] expects.
    pub(crate) const unsafe fn build() -> &'static bindings::file_operations {
        &Self::VTABLE
    }
}
