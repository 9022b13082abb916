// SPDX-License-Identifier: GPL-2.0

//! A red-black tree behind a misc device.
//!
//! A line `KEY VALUE` that is written maps the key to the value, a line `KEY` removes the key. What
//! is read are all entries, by ascending keys.

#![no_std]
#![feature(allocator_api, global_asm)]

use core::convert::TryInto;
use core::fmt::{self, Write};
use core::str::from_utf8;
use kernel::prelude::*;
use kernel::{
    c_str,
    file::File,
    file_operations::{FileOpener, FileOperations},
    io_buffer::{IoBufferReader, IoBufferWriter},
    miscdev, mutex_init,
    rbtree::RBTree,
    sync::Mutex,
};

module! {
    type: RustRbtree,
    name: b"rust_rbtree",
    author: b"The scons-kmod authors",
    description: b"Rust red-black tree sample",
    license: b"GPL v2",
}

/// How much of an unfinished line is kept, in bytes.
const LINE_MAX: usize = 64;

#[derive(Default)]
struct Map {
    tree: RBTree<u64, i64>,
    /// What was written after the last newline.
    line: Vec<u8>,
}

impl Map {
    fn write(&mut self, data: &[u8]) -> Result {
        for byte in data {
            if *byte != b'\n' {
                if self.line.len() == LINE_MAX {
                    return Err(Error::EINVAL);
                }
                self.line.try_push(*byte)?;
                continue;
            }
            let line = core::mem::take(&mut self.line);
            self.execute(from_utf8(&line)?)?;
        }
        Ok(())
    }

    fn execute(&mut self, line: &str) -> Result {
        let mut words = line.split(' ');
        let key = parse(words.next())?;
        match words.next() {
            Some(value) => {
                let value = parse(Some(value))?;
                match self.tree.get_mut(&key) {
                    Some(old) if value == *old => (),
                    _ => drop(self.tree.try_insert(key, value)?),
                }
            }
            None => drop(self.tree.remove(&key).ok_or(Error::ENOENT)?),
        }
        Ok(())
    }

    fn text(&self) -> Result<Text> {
        let mut text = Text(Vec::new());
        for (key, value) in &self.tree {
            writeln!(text, "{} {}", key, value).map_err(|_| Error::ENOMEM)?;
        }
        Ok(text)
    }
}

fn parse<T: core::str::FromStr>(word: Option<&str>) -> Result<T> {
    word.and_then(|word| word.parse().ok()).ok_or(Error::EINVAL)
}

/// Text that grows as it is written.
struct Text(Vec<u8>);

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0
            .try_extend_from_slice(text.as_bytes())
            .map_err(|_| fmt::Error)
    }
}

struct SharedState {
    map: Mutex<Map>,
}

impl SharedState {
    fn try_new() -> Result<Arc<Self>> {
        let mut state = Arc::try_new(Self {
            // SAFETY: `mutex_init!` is called below.
            map: unsafe { Mutex::new(Map::default()) },
        })?;
        let map = &mut Arc::get_mut(&mut state).ok_or(Error::EBUSY)?.map;
        // SAFETY: an `Arc` does not move what it owns.
        mutex_init!(unsafe { Pin::new_unchecked(map) }, "SharedState::map");
        Ok(state)
    }
}

struct Session;

impl FileOpener<Arc<SharedState>> for Session {
    fn open(shared: &Arc<SharedState>) -> Result<Self::Wrapper> {
        Ok(shared.clone())
    }
}

impl FileOperations for Session {
    type Wrapper = Arc<SharedState>;

    kernel::declare_file_operations!(read, write);

    fn read<T: IoBufferWriter>(
        shared: &SharedState,
        _: &File,
        data: &mut T,
        offset: u64,
    ) -> Result<usize> {
        let text = shared.map.lock().text()?.0;
        let rest = text.get(offset.try_into()?..).unwrap_or(&[]);
        let count = rest.len().min(data.len());
        data.write_slice(&rest[..count])?;
        Ok(count)
    }

    fn write<T: IoBufferReader>(
        shared: &SharedState,
        _: &File,
        data: &mut T,
        _: u64,
    ) -> Result<usize> {
        let written = data.read_all()?;
        shared.map.lock().write(&written)?;
        Ok(written.len())
    }
}

/// What the device does not show: nodes that are allocated before they are needed and used again.
fn reuse_nodes() -> Result {
    let mut tree = RBTree::new();
    let mut reservation = RBTree::try_reserve_node()?;
    for key in 0..1000u32 {
        let node = reservation.into_node(key % 10, key);
        reservation = match tree.insert(node) {
            // The node that had the same key.
            Some(replaced) => replaced.into_reservation(),
            None => RBTree::<u32, u32>::try_reserve_node()?,
        };
    }
    for (key, value) in tree.iter_mut() {
        *value += *key;
    }
    for value in tree.values_mut() {
        *value /= 2;
    }
    let keys: u32 = tree.keys().sum();
    let values: u32 = tree.values().sum();
    let odd = tree.remove_node(&1).ok_or(Error::ENOENT)?;
    // It goes into another tree as it is.
    let mut other = RBTree::new();
    let before = other.insert(odd).is_none();
    pr_info!(
        "keys {}, values {}, left {}, moved {:?} {}\n",
        keys,
        values,
        tree.iter().count(),
        other.get(&1),
        before
    );
    Ok(())
}

struct RustRbtree {
    _dev: Pin<Box<miscdev::Registration<Arc<SharedState>>>>,
}

impl KernelModule for RustRbtree {
    fn init() -> Result<Self> {
        reuse_nodes()?;
        let state = SharedState::try_new()?;
        let name = c_str!("rust_rbtree");
        Ok(RustRbtree {
            _dev: miscdev::Registration::new_pinned::<Session>(name, None, state)?,
        })
    }
}
