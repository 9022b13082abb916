// SPDX-License-Identifier: GPL-2.0

//! The functions that C calls, and its table of them.

use super::{FileOpenAdapter, FileOpener, FileOperations, IoctlCommand, PollTable, SeekFrom};
use crate::bindings;
use crate::c_types::{c_char, c_int, c_long, c_uint, c_ulong, c_void};
use crate::file::FileRef;
use crate::from_kernel_result;
use crate::iov_iter::IovIter;
use crate::types::PointerWrapper;
use crate::user_ptr::UserSlicePtr;
use crate::{Error, Result};
use core::convert::{TryFrom, TryInto};
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::addr_of_mut;

/// What the state of a file is lent as.
type Borrowed<T> = <<T as FileOperations>::Wrapper as PointerWrapper>::Borrowed;

/// The state and the file, as an operation gets them.
///
/// # Safety
///
/// `file` is valid, has been opened by [`open_callback`] and is not released while the results
/// live.
unsafe fn borrow<T: FileOperations>(file: *mut bindings::file) -> (Borrowed<T>, FileRef) {
    // SAFETY: `private_data` is what `open_callback` put there, until release.
    let state = unsafe { T::Wrapper::borrow((*file).private_data) };
    // SAFETY: whoever calls an operation holds a reference.
    (state, unsafe { FileRef::from_ptr(file) })
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
        // SAFETY: see above.
        let (this, file) = unsafe { borrow::<T>(file) };
        // SAFETY: the kernel gives a valid position, and never a negative one.
        let read = T::read(&this, &file, &mut data, u64::try_from(unsafe { *offset })?)?;
        // SAFETY: see above.
        unsafe { advance(offset, read) }
    }
}

/// # Safety
///
/// As the kernel calls it: the file of `iocb` has been opened by [`open_callback`].
unsafe extern "C" fn read_iter_callback<T: FileOperations>(
    iocb: *mut bindings::kiocb,
    iter: *mut bindings::iov_iter,
) -> isize {
    from_kernel_result! {
        // SAFETY: the iterator is this call's only.
        let mut data = unsafe { IovIter::from_ptr(iter) };
        // SAFETY: `iocb` is valid.
        let (file, offset) = unsafe { ((*iocb).ki_filp, addr_of_mut!((*iocb).ki_pos)) };
        // SAFETY: see above.
        let (this, file) = unsafe { borrow::<T>(file) };
        // SAFETY: the position lies in `iocb`.
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
        // SAFETY: see above.
        let (this, file) = unsafe { borrow::<T>(file) };
        // SAFETY: the kernel gives a valid position, and never a negative one.
        let written = T::write(&this, &file, &mut data, u64::try_from(unsafe { *offset })?)?;
        // SAFETY: see above.
        unsafe { advance(offset, written) }
    }
}

/// # Safety
///
/// As the kernel calls it: the file of `iocb` has been opened by [`open_callback`].
unsafe extern "C" fn write_iter_callback<T: FileOperations>(
    iocb: *mut bindings::kiocb,
    iter: *mut bindings::iov_iter,
) -> isize {
    from_kernel_result! {
        // SAFETY: the iterator is this call's only.
        let mut data = unsafe { IovIter::from_ptr(iter) };
        // SAFETY: `iocb` is valid.
        let (file, offset) = unsafe { ((*iocb).ki_filp, addr_of_mut!((*iocb).ki_pos)) };
        // SAFETY: see above.
        let (this, file) = unsafe { borrow::<T>(file) };
        // SAFETY: the position lies in `iocb`.
        let written = T::write(&this, &file, &mut data, u64::try_from(unsafe { *offset })?)?;
        // SAFETY: see above.
        unsafe { advance(offset, written) }
    }
}

/// # Safety
///
/// As the kernel calls it: `file` has been opened by [`open_callback`].
unsafe extern "C" fn llseek_callback<T: FileOperations>(
    file: *mut bindings::file,
    offset: bindings::loff_t,
    whence: c_int,
) -> bindings::loff_t {
    from_kernel_result! {
        let to = match whence as u32 {
            bindings::SEEK_SET => SeekFrom::Start(offset.try_into()?),
            bindings::SEEK_CUR => SeekFrom::Current(offset),
            bindings::SEEK_END => SeekFrom::End(offset),
            _ => return Err(Error::EINVAL),
        };
        // SAFETY: see above.
        let (this, file) = unsafe { borrow::<T>(file) };
        let position = T::seek(&this, &file, to)?.try_into()?;
        // The VFS leaves it to `llseek` to move the file. What is returned is the position.
        // SAFETY: the file is valid.
        Ok(unsafe { bindings::vfs_setpos(file.ptr, position, bindings::loff_t::MAX) })
    }
}

/// # Safety
///
/// As the kernel calls it: `file` has been opened by [`open_callback`].
unsafe extern "C" fn unlocked_ioctl_callback<T: FileOperations>(
    file: *mut bindings::file,
    cmd: c_uint,
    arg: c_ulong,
) -> c_long {
    from_kernel_result! {
        // SAFETY: see above.
        let (this, file) = unsafe { borrow::<T>(file) };
        let mut cmd = IoctlCommand::new(cmd, arg as usize);
        Ok(T::ioctl(&this, &file, &mut cmd)?.into())
    }
}

/// # Safety
///
/// As the kernel calls it: `file` has been opened by [`open_callback`].
unsafe extern "C" fn compat_ioctl_callback<T: FileOperations>(
    file: *mut bindings::file,
    cmd: c_uint,
    arg: c_ulong,
) -> c_long {
    from_kernel_result! {
        // SAFETY: see above.
        let (this, file) = unsafe { borrow::<T>(file) };
        let mut cmd = IoctlCommand::new(cmd, arg as usize);
        Ok(T::compat_ioctl(&this, &file, &mut cmd)?.into())
    }
}

/// # Safety
///
/// As the kernel calls it: `file` has been opened by [`open_callback`].
unsafe extern "C" fn fsync_callback<T: FileOperations>(
    file: *mut bindings::file,
    start: bindings::loff_t,
    end: bindings::loff_t,
    datasync: c_int,
) -> c_int {
    from_kernel_result! {
        // SAFETY: see above.
        let (this, file) = unsafe { borrow::<T>(file) };
        let result = T::fsync(&this, &file, start.try_into()?, end.try_into()?, datasync != 0)?;
        Ok(result.try_into()?)
    }
}

/// # Safety
///
/// As the kernel calls it: `file` has been opened by [`open_callback`], and `vma` is a new area,
/// locked for writing.
unsafe extern "C" fn mmap_callback<T: FileOperations>(
    file: *mut bindings::file,
    vma: *mut bindings::vm_area_struct,
) -> c_int {
    from_kernel_result! {
        // SAFETY: see above.
        let (this, file) = unsafe { borrow::<T>(file) };
        // SAFETY: the area is this call's only.
        T::mmap(&this, &file, unsafe { &mut *vma })?;
        Ok(0)
    }
}

/// # Safety
///
/// As the kernel calls it: `file` has been opened by [`open_callback`]; `wait` is null or valid.
unsafe extern "C" fn poll_callback<T: FileOperations>(
    file: *mut bindings::file,
    wait: *mut bindings::poll_table_struct,
) -> bindings::__poll_t {
    // SAFETY: see above.
    let (this, file) = unsafe { borrow::<T>(file) };
    // SAFETY: the table is valid in this call.
    match T::poll(&this, &file, &unsafe { PollTable::from_ptr(wait) }) {
        Ok(events) => events,
        Err(_) => bindings::POLLERR,
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

/// `Some(callback)` where the operation is declared.
macro_rules! declared {
    ($type:ident, $operation:ident, $callback:ident) => {
        if <$type as FileOperations>::TO_USE.$operation {
            Some($callback::<$type>)
        } else {
            None
        }
    };
}

/// C's table of operations for the files of a registration `A` that are opened as `T`.
pub struct FileOperationsVtable<A, T>(PhantomData<A>, PhantomData<T>);

impl<A: FileOpenAdapter, T: FileOpener<A::Arg>> FileOperationsVtable<A, T> {
    const VTABLE: bindings::file_operations = bindings::file_operations {
        // An open file keeps the module loaded.
        owner: addr_of_mut!(bindings::__this_module),
        open: Some(open_callback::<A, T>),
        release: Some(release_callback::<T>),
        read: declared!(T, read, read_callback),
        read_iter: declared!(T, read_iter, read_iter_callback),
        write: declared!(T, write, write_callback),
        write_iter: declared!(T, write_iter, write_iter_callback),
        llseek: declared!(T, seek, llseek_callback),
        unlocked_ioctl: declared!(T, ioctl, unlocked_ioctl_callback),
        compat_ioctl: declared!(T, compat_ioctl, compat_ioctl_callback),
        fsync: declared!(T, fsync, fsync_callback),
        mmap: declared!(T, mmap, mmap_callback),
        poll: declared!(T, poll, poll_callback),
        // SAFETY: null pointers and zeroes are what C has for operations that are left out.
        ..unsafe { MaybeUninit::zeroed().assume_init() }
    };

    /// The table.
    ///
    /// # Safety
    ///
    /// Only the registration `A` may use it: its files' `private_data` is what
    /// [`FileOpenAdapter::convert`] expects.
    pub const unsafe fn build() -> &'static bindings::file_operations {
        &Self::VTABLE
    }
}
