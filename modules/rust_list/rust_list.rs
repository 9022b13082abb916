// SPDX-License-Identifier: GPL-2.0

//! Lists: a device that keeps one of numbers, and a comparison of each kind of list with a vector.

#![no_std]
#![feature(allocator_api, global_asm)]

mod model;

use core::fmt::Write;
use core::sync::atomic::{AtomicUsize, Ordering};
use kernel::prelude::*;
use kernel::{
    c_str, declare_file_operations,
    file::File,
    file_operations::{FileOpener, FileOperations},
    io_buffer::{IoBufferReader, IoBufferWriter},
    linked_list::{GetLinks, Links, List},
    miscdev::Registration,
    mutex_init,
    sync::{Mutex, Ref},
};

module! {
    type: RustList,
    name: b"rust_list",
    author: b"The scons-kmod authors",
    description: b"Rust list sample",
    license: b"GPL v2",
}

/// The entries that there are, in all lists.
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// A number in a list.
pub struct Entry {
    value: u32,
    links: Links<Entry>,
}

impl Entry {
    fn new(value: u32) -> Self {
        LIVE.fetch_add(1, Ordering::Relaxed);
        Self {
            value,
            links: Links::new(),
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

impl GetLinks for Entry {
    type EntryType = Entry;

    fn get_links(entry: &Entry) -> &Links<Entry> {
        &entry.links
    }
}

/// What all files of the device share.
struct Numbers {
    list: Mutex<List<Box<Entry>>>,
}

impl Numbers {
    fn try_new() -> Result<Ref<Self>> {
        Ref::try_new_and_init(
            Self {
                // SAFETY: `mutex_init!` is called below.
                list: unsafe { Mutex::new(List::new()) },
            },
            |numbers| {
                // SAFETY: `list` is pinned when the numbers are.
                let list = unsafe { numbers.map_unchecked_mut(|this| &mut this.list) };
                mutex_init!(list, "Numbers::list");
            },
        )
    }

    /// Adds a number at the end.
    fn push(&self, value: u32) -> Result {
        let entry = Box::try_new(Entry::new(value))?;
        self.list.lock().push_back(entry);
        Ok(())
    }

    /// Removes the first number.
    fn pop(&self) -> Result {
        let mut list = self.list.lock();
        list.pop_front().map(drop).ok_or(Error::ENOENT)
    }

    /// Removes a number wherever it is.
    fn remove(&self, value: u32) -> Result {
        let mut list = self.list.lock();
        let mut cursor = list.cursor_front_mut();
        let mut removed = 0;
        while let Some(entry) = cursor.current() {
            if entry.value == value {
                drop(cursor.remove_current());
                removed += 1;
            } else {
                cursor.move_next();
            }
        }
        if removed == 0 {
            return Err(Error::ENOENT);
        }
        Ok(())
    }

    /// Doubles all numbers.
    fn double(&self) -> Result {
        let mut list = self.list.lock();
        let mut cursor = list.cursor_front_mut();
        while let Some(entry) = cursor.current() {
            entry.value = entry.value.wrapping_mul(2);
            cursor.move_next();
        }
        Ok(())
    }

    fn command(&self, command: &str) -> Result {
        let mut words = command.split_ascii_whitespace();
        let name = words.next().ok_or(Error::EINVAL)?;
        let number = words.next().map(|word| word.parse::<u32>());
        match (name, number) {
            ("push", Some(Ok(value))) => self.push(value),
            ("pop", None) => self.pop(),
            ("remove", Some(Ok(value))) => self.remove(value),
            ("double", None) => self.double(),
            _ => Err(Error::EINVAL),
        }
    }

    fn text(&self) -> Result<String> {
        let mut text = String::new();
        let list = self.list.lock();
        let mut cursor = list.cursor_front();
        while let Some(entry) = cursor.current() {
            text.try_reserve(12)?;
            writeln!(text, "{}", entry.value).map_err(|_| Error::EINVAL)?;
            cursor.move_next();
        }
        Ok(text)
    }
}

/// An open file.
struct Client;

impl FileOpener<Ref<Numbers>> for Client {
    fn open(numbers: &Ref<Numbers>) -> Result<Ref<Numbers>> {
        Ok(numbers.clone())
    }
}

impl FileOperations for Client {
    type Wrapper = Ref<Numbers>;

    declare_file_operations!(read, write);

    /// Gives the numbers, one a line.
    fn read<T: IoBufferWriter>(
        this: &Ref<Numbers>,
        _: &File,
        data: &mut T,
        offset: u64,
    ) -> Result<usize> {
        let text = this.text()?;
        let rest = text.as_bytes().get(offset as usize..).unwrap_or(&[]);
        let count = rest.len().min(data.len());
        data.write_slice(&rest[..count])?;
        Ok(count)
    }

    /// Runs the commands, one a line, until one fails.
    fn write<T: IoBufferReader>(
        this: &Ref<Numbers>,
        _: &File,
        data: &mut T,
        _: u64,
    ) -> Result<usize> {
        let text = data.read_all()?;
        for line in core::str::from_utf8(&text)?.lines() {
            this.command(line)?;
        }
        Ok(text.len())
    }
}

/// Says what is left when all before it has been dropped.
struct Report;

impl Drop for Report {
    fn drop(&mut self) {
        let count = LIVE.load(Ordering::Relaxed);
        pr_info!("Rust list sample (exit) with {} entries\n", count);
    }
}

struct RustList {
    _dev: Pin<Box<Registration<Ref<Numbers>>>>,
    _report: Report,
}

impl KernelModule for RustList {
    fn init() -> Result<Self> {
        pr_info!("Rust list sample (init)\n");
        model::compare()?;
        pr_info!("{} entries are left\n", LIVE.load(Ordering::Relaxed));
        Ok(Self {
            _dev: Registration::new_pinned::<Client>(
                c_str!("rust_list"),
                None,
                Numbers::try_new()?,
            )?,
            _report: Report,
        })
    }
}
