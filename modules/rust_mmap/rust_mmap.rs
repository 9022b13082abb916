// SPDX-License-Identifier: GPL-2.0

//! A page that the kernel and all processes that map it share.

#![no_std]
#![feature(allocator_api, global_asm)]

use core::convert::TryInto;
use kernel::prelude::*;
use kernel::{
    bindings, c_str,
    file::File,
    file_operations::{FileOpener, FileOperations, IoctlCommand, IoctlHandler},
    io_buffer::{IoBufferReader, IoBufferWriter},
    miscdev,
    pages::Pages,
    user_ptr::UserSlicePtrReader,
    PAGE_SIZE,
};

module! {
    type: RustMmap,
    name: b"rust_mmap",
    author: b"The scons-kmod authors",
    description: b"Rust sample of mmap",
    license: b"GPL v2",
}

struct SharedPage {
    page: Pages<0>,
}

impl FileOpener<Arc<SharedPage>> for SharedPage {
    fn open(shared: &Arc<SharedPage>) -> Result<Self::Wrapper> {
        Ok(shared.clone())
    }
}

/// Any `_IOW` command: its data are copied to the page, at the place that its number says.
impl IoctlHandler for SharedPage {
    type Target = SharedPage;

    fn write(
        shared: &SharedPage,
        _: &File,
        cmd: u32,
        reader: &mut UserSlicePtrReader,
    ) -> Result<i32> {
        let offset = (cmd & 0xff) as usize * 64;
        let len = reader.len();
        shared.page.copy_into_page(reader, offset, len)?;
        Ok(len as i32)
    }
}

impl FileOperations for SharedPage {
    type Wrapper = Arc<SharedPage>;

    kernel::declare_file_operations!(read, write, ioctl, mmap);

    fn read<T: IoBufferWriter>(
        shared: &SharedPage,
        _: &File,
        data: &mut T,
        offset: u64,
    ) -> Result<usize> {
        let start = PAGE_SIZE.min(offset.try_into()?);
        let mut copy = [0; 64];
        let count = copy.len().min(data.len()).min(PAGE_SIZE - start);
        // SAFETY: `copy` has so many bytes. Processes may write to the page meanwhile, as to
        // any shared memory: what is read then is a mixture of bytes.
        unsafe { shared.page.read(copy.as_mut_ptr(), start, count)? };
        data.write_slice(&copy[..count])?;
        Ok(count)
    }

    /// What does not fit is an error, by `Pages`' own check.
    fn write<T: IoBufferReader>(
        shared: &SharedPage,
        _: &File,
        data: &mut T,
        offset: u64,
    ) -> Result<usize> {
        let bytes = data.read_all()?;
        // SAFETY: the vector has so many bytes. For the other side, see `read`.
        unsafe {
            shared
                .page
                .write(bytes.as_ptr(), offset.try_into()?, bytes.len())?
        };
        Ok(bytes.len())
    }

    fn ioctl(shared: &SharedPage, file: &File, cmd: &mut IoctlCommand) -> Result<i32> {
        cmd.dispatch::<Self>(shared, file)
    }

    fn mmap(shared: &SharedPage, _: &File, vma: &mut bindings::vm_area_struct) -> Result {
        if vma.vm_pgoff != 0 || vma.vm_end - vma.vm_start != PAGE_SIZE as _ {
            return Err(Error::EINVAL);
        }
        if vma.vm_flags & bindings::VM_SHARED as u64 == 0 {
            return Err(Error::EINVAL);
        }
        // The area stays one page long.
        vma.vm_flags |= bindings::VM_DONTEXPAND as u64;
        let start = vma.vm_start as usize;
        // Nothing but the page's address range can be used.
        if shared.page.insert_page(vma, start + PAGE_SIZE) != Err(Error::EFAULT) {
            return Err(Error::ENXIO);
        }
        shared.page.insert_page(vma, start)
    }
}

struct RustMmap {
    _dev: Pin<Box<miscdev::Registration<Arc<SharedPage>>>>,
}

impl KernelModule for RustMmap {
    fn init() -> Result<Self> {
        let several = Pages::<3>::new()?;
        let mut byte = 1;
        // SAFETY: `byte` is one byte, and nobody else has the pages.
        unsafe {
            several.write(&5, 8 * PAGE_SIZE - 1, 1)?;
            several.read(&mut byte, 8 * PAGE_SIZE - 1, 1)?;
        }
        pr_info!("the last byte of 8 pages: {}\n", byte);
        // SAFETY: the pointer is not used for writing beyond the end.
        let beyond = unsafe { several.read(&mut byte, 8 * PAGE_SIZE, 1) };
        pr_info!("the byte after: {:?}\n", beyond);
        pr_info!("too many pages: {:?}\n", Pages::<20>::new().map(|_| ()));

        let shared = Arc::try_new(SharedPage {
            page: Pages::new()?,
        })?;
        let name = c_str!("rust_mmap");
        Ok(RustMmap {
            _dev: miscdev::Registration::new_pinned::<SharedPage>(name, None, shared)?,
        })
    }
}
