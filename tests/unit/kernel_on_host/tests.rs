// SPDX-License-Identifier: GPL-2.0

//! The tests: names say what holds.

use crate::buffer::Buffer;
use crate::error::Error;
use crate::fallible::{TrySlice, TryString, TryToOwned, TryVec};
use crate::io_buffer::{IoBufferReader, IoBufferWriter};
use crate::module_param::{ArrayParam, ModuleParam, StringParam};
use crate::rbtree::RBTree;
use crate::str::{CStr, CStrConvertError};
use crate::{b_str, bindings, c_str, from_kernel_result, make_param_ops, try_vec, Result};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;

// --- str

#[test]
fn a_c_string_ends_in_its_only_nul() {
    let text = CStr::from_bytes_with_nul(b"kernel\0").unwrap();
    assert_eq!(text.as_bytes(), b"kernel");
    assert_eq!(text.as_bytes_with_nul(), b"kernel\0");
    assert_eq!((text.len(), text.len_with_nul()), (6, 7));
    assert!(!text.is_empty() && c_str!("").is_empty());
}

#[test]
fn bytes_that_are_no_c_string_are_refused() {
    let refused = |bytes| CStr::from_bytes_with_nul(bytes).err().unwrap();
    assert!(matches!(refused(b"a\0b\0"), CStrConvertError::InteriorNul));
    assert!(matches!(refused(b"\0\0"), CStrConvertError::InteriorNul));
    assert!(matches!(refused(b"ab"), CStrConvertError::NotNulTerminated));
    assert!(matches!(refused(b""), CStrConvertError::NotNulTerminated));
    assert!(Error::from(refused(b"")) == Error::EINVAL);
}

#[test]
fn a_c_string_is_read_up_to_its_nul() {
    // SAFETY: the text ends in NUL.
    let text = unsafe { CStr::from_char_ptr(b"one\0two\0".as_ptr().cast()) };
    assert_eq!(&**text, b"one");
}

#[test]
fn a_c_string_is_indexed_without_its_nul() {
    let text = c_str!("kernel");
    assert_eq!(text[3..].as_bytes_with_nul(), b"nel\0");
    assert_eq!(text[6..].as_bytes_with_nul(), b"\0");
    assert_eq!(&text[..3], b_str!("ker"));
    assert_eq!(text[0], b'k');
    assert!(std::panic::catch_unwind(|| text[7..].len()).is_err());
    assert!(std::panic::catch_unwind(|| text[6]).is_err());
}

// --- error

#[test]
fn each_errno_has_its_number_and_its_name() {
    assert_eq!(Error::EPERM.to_kernel_errno(), -1);
    assert_eq!(Error::EINVAL.to_kernel_errno(), -22);
    assert_eq!(Error::EDQUOT.to_kernel_errno(), -122);
    assert_eq!(format!("{:?}", Error::ENXIO), "ENXIO");
    for (number, _) in bindings::NAMES {
        let error = Error::from_kernel_errno(-number);
        assert_eq!(error.to_kernel_errno(), -number);
        let name = format!("{error:?}");
        assert!(bindings::NAMES.contains(&(*number, &name)), "{name}");
    }
}

#[test]
fn an_error_without_a_name_shows_its_number() {
    assert_eq!(
        format!("{:?}", Error::from_kernel_errno(-4000)),
        "Error(-4000)"
    );
}

#[test]
fn what_is_no_errno_is_einval() {
    for number in [0, 1, 22, -4096, i32::MIN, i32::MAX] {
        assert!(Error::from_kernel_errno(number) == Error::EINVAL);
    }
    assert_eq!(Error::from_kernel_errno(-4095).to_kernel_errno(), -4095);
}

#[test]
fn errors_of_core_and_alloc_become_errnos() {
    fn failed<T, E: Into<Error>>(result: std::result::Result<T, E>) -> Error {
        result.err().unwrap().into()
    }
    assert!(failed(u8::try_from(256)) == Error::EINVAL);
    assert!(failed(std::str::from_utf8(&vec![0xff; 1])) == Error::EINVAL);
    assert!(failed(Vec::<u8>::new().try_reserve(usize::MAX)) == Error::ENOMEM);
    assert!(failed(std::alloc::Layout::from_size_align(1, 3)) == Error::ENOMEM);
}

#[test]
fn a_result_becomes_what_c_returns() {
    fn c(result: Result<i32>) -> i32 {
        from_kernel_result! { Ok(result? + 1) }
    }
    assert_eq!(c(Ok(41)), 42);
    assert_eq!(c(Err(Error::EBUSY)), -16);
}

#[test]
fn an_error_pointer_is_told_from_a_pointer() {
    let valid = &mut 5 as *mut i32;
    assert!(crate::error::from_kernel_err_ptr(valid) == Ok(valid));
    assert!(crate::error::from_kernel_err_ptr(std::ptr::null_mut::<u8>()).is_ok());
    let error = -12isize as *mut u8;
    assert!(crate::error::from_kernel_err_ptr(error) == Err(Error::ENOMEM));
}

// --- io_buffer

/// A buffer that is memory of this program.
struct Memory(Vec<u8>, usize);

impl IoBufferReader for Memory {
    fn len(&self) -> usize {
        self.0.len()
    }

    unsafe fn read_raw(&mut self, out: *mut u8, len: usize) -> Result {
        let bytes = self.0.get(..len).ok_or(Error::EFAULT)?;
        // SAFETY: `out` is valid for `len` bytes.
        unsafe { out.copy_from_nonoverlapping(bytes.as_ptr(), len) };
        self.0.drain(..len);
        Ok(())
    }
}

struct Room(Vec<u8>, usize);

impl IoBufferWriter for Room {
    fn len(&self) -> usize {
        self.1
    }

    fn clear(&mut self, len: usize) -> Result {
        self.write_slice(&vec![0; len])
    }

    unsafe fn write_raw(&mut self, data: *const u8, len: usize) -> Result {
        self.1 = self.1.checked_sub(len).ok_or(Error::EFAULT)?;
        // SAFETY: `data` is valid for `len` bytes.
        self.0
            .extend_from_slice(unsafe { std::slice::from_raw_parts(data, len) });
        Ok(())
    }
}

#[test]
fn a_reader_uses_its_bytes_up() {
    let mut reader = Memory((0..20).collect(), 0);
    assert!(reader.read::<u8>() == Ok(0));
    assert!(reader.read::<u32>() == Ok(0x04030201));
    let mut three = [0; 3];
    assert!(reader.read_slice(&mut three).is_ok() && three == [5, 6, 7]);
    assert!(reader.read::<u128>() == Err(Error::EFAULT));
    assert_eq!((reader.len(), reader.is_empty()), (12, false));
    assert!(reader.read_all() == Ok((8..20).collect()));
    assert!(reader.is_empty() && reader.read_all() == Ok(vec![]));
    assert!(reader.read::<u8>() == Err(Error::EFAULT));
}

#[test]
fn a_writer_uses_its_room_up() {
    let mut writer = Room(vec![], 8);
    assert!(writer.write(&0x0201u16).is_ok());
    assert!(writer.clear(2).is_ok());
    assert!(writer.write(&0u64) == Err(Error::EFAULT));
    assert!(writer.write_slice(&[5, 6, 7]).is_ok());
    assert_eq!((writer.len(), writer.is_empty()), (1, false));
    assert!(writer.write(&8i8).is_ok() && writer.is_empty());
    assert_eq!(writer.0, [1, 2, 0, 0, 5, 6, 7, 8]);
}

#[test]
fn a_buffer_takes_what_fits_and_nothing_of_the_rest() {
    let mut memory = [0; 8];
    let mut buffer = Buffer::new(&mut memory);
    assert!(write!(buffer, "{}", 12345).is_ok());
    assert!(buffer.write_str("6789").is_err());
    assert!(buffer.write_str("678").is_ok() && buffer.write_str("").is_ok());
    assert_eq!(buffer.bytes_written(), 8);
    assert_eq!(&memory, b"12345678");
}

// --- fallible

#[test]
fn the_try_methods_do_what_those_without_do() {
    let mut numbers = try_vec![1, 2].unwrap();
    numbers.try_push(3).unwrap();
    numbers.try_extend_from_slice(&[4, 5]).unwrap();
    numbers.try_insert(0, 0).unwrap();
    numbers.try_resize(8, 9).unwrap();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 9, 9]);
    numbers.try_resize(2, 7).unwrap();
    numbers.try_resize(2, 7).unwrap();
    assert_eq!(numbers.try_to_vec().unwrap(), [0, 1]);
    assert_eq!(*numbers.try_into_boxed_slice().unwrap(), [0, 1]);
    assert_eq!(try_vec![7u8; 3].unwrap(), [7; 3]);
    assert_eq!(try_vec!["x".to_owned(); 0].unwrap(), [""; 0]);
    let empty: Result<Vec<u8>> = try_vec![];
    assert!(empty == Ok(vec![]));
    let mut text = "über".try_to_owned().unwrap();
    text.try_push('→').unwrap();
    text.try_push_str("x").unwrap();
    assert_eq!(text, "über→x");
}

#[test]
fn a_clone_too_many_is_not_made() {
    let value = Rc::new(());
    let mut values = try_vec![value.clone(); 5].unwrap();
    assert_eq!(Rc::strong_count(&value), 6);
    values.try_resize(1, value.clone()).unwrap();
    assert_eq!(Rc::strong_count(&value), 2);
    values
        .try_extend_from_slice(&[value.clone(), value.clone()])
        .unwrap();
    drop(values.try_into_boxed_slice().unwrap());
    assert_eq!(Rc::strong_count(&value), 1);
}

#[test]
fn what_there_is_no_memory_for_changes_nothing() {
    let mut numbers = vec![1u64, 2];
    assert!(numbers.try_resize(usize::MAX / 2, 0).is_err());
    assert!(numbers.try_resize(1 << 58, 0).is_err());
    assert_eq!(numbers, [1, 2]);
    assert!(<Vec<u8> as TryVec<u8>>::try_from_elem(0, usize::MAX).is_err());
}

// --- module_param

fn set<T: ModuleParam>(value: &mut T, text: Option<&str>) -> i32 {
    let param = bindings::kernel_param {
        name: std::ptr::null(),
        mod_: std::ptr::null_mut(),
        ops: std::ptr::null(),
        perm: 0,
        level: -1,
        flags: 0,
        __bindgen_anon_1: bindings::kernel_param__bindgen_ty_1 {
            arg: (value as *mut T).cast(),
        },
    };
    let text = text.map(|text| std::ffi::CString::new(text).unwrap());
    let pointer = text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
    // SAFETY: the text ends in NUL, and `arg` points to a `T`.
    unsafe { T::set_param(pointer, &param) }
}

fn get<T: ModuleParam>(value: &mut T) -> String {
    let mut page = vec![0u8; crate::PAGE_SIZE];
    let param = bindings::kernel_param {
        name: std::ptr::null(),
        mod_: std::ptr::null_mut(),
        ops: std::ptr::null(),
        perm: 0,
        level: -1,
        flags: 0,
        __bindgen_anon_1: bindings::kernel_param__bindgen_ty_1 {
            arg: (value as *mut T).cast(),
        },
    };
    // SAFETY: the buffer is a page, and `arg` points to a `T`.
    let len = unsafe { T::get_param(page.as_mut_ptr().cast(), &param) };
    page.truncate(len as usize);
    String::from_utf8(page).unwrap()
}

#[test]
fn an_integer_parameter_is_set_within_its_range() {
    let mut value = 5i8;
    assert_eq!(set(&mut value, Some("-128")), 0);
    assert_eq!(set(&mut value, Some("128")), -22);
    assert_eq!(set(&mut value, Some("")), -22);
    assert_eq!(set(&mut value, None), -22);
    assert_eq!(set(&mut value, Some(&"0".repeat(40))), -22);
    assert_eq!(get(&mut value), "-128\n");
    assert_eq!(set(&mut value, Some("0x10\n")), 0);
    assert_eq!(*value.value(), 16);
    let mut largest = 0u64;
    assert_eq!(set(&mut largest, Some("18446744073709551615")), 0);
    assert_eq!(get(&mut largest), "18446744073709551615\n");
    assert_eq!(set(&mut largest, Some("-1")), -22);
}

#[test]
fn a_bool_parameter_is_set_by_its_name_alone() {
    let mut value = false;
    assert_eq!(set(&mut value, None), 0);
    assert_eq!(get(&mut value), "Y\n");
    assert_eq!(set(&mut value, Some("false\n")), 0);
    assert_eq!(get(&mut value), "N\n");
    assert_eq!(set(&mut value, Some("maybe")), -22);
    make_param_ops!(OPS, bool);
    make_param_ops!(OTHER_OPS, u8);
    assert_eq!((OPS.flags, OTHER_OPS.flags), (1, 0));
}

#[test]
fn an_array_parameter_takes_up_to_its_length() {
    static DEFAULT: ArrayParam<i32, 3> = ArrayParam::create(&[1, 2]);
    assert_eq!(DEFAULT.value(), [1, 2]);
    let mut value = ArrayParam::<i32, 3>::create(&[]);
    assert_eq!(get(&mut value), "\n");
    assert_eq!(set(&mut value, Some("3,-4,5\n")), 0);
    assert_eq!(get(&mut value), "3,-4,5\n");
    for wrong in ["1,2,3,4", "1,,2", "1,2,", ""] {
        assert_eq!(set(&mut value, Some(wrong)), -22, "{wrong}");
    }
    assert_eq!(value.value(), [3, -4, 5]);
}

#[test]
fn a_string_parameter_keeps_a_copy() {
    let mut value = StringParam::Ref(b"default");
    assert_eq!(get(&mut value), "default\n");
    assert_eq!(set(&mut value, Some("größer")), 0);
    assert_eq!(value.value(), "größer".as_bytes());
    assert_eq!(set(&mut value, None), -22);
    assert_eq!(get(&mut value), "größer\n");
    let mut invalid = StringParam::Ref(b"a\xffb");
    assert_eq!(get(&mut invalid), "a\u{fffd}b\n");
    let mut long = StringParam::Owned(vec![b'x'; 5000]);
    assert!(get(&mut long).len() <= 4096);
}

// --- rbtree

/// Numbers that look random, and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

#[test]
fn a_tree_does_what_a_map_does() {
    let mut dice = Dice(2021);
    let mut tree = RBTree::new();
    let mut model = BTreeMap::new();
    for round in 0..20_000u64 {
        let key = dice.roll(700);
        match dice.roll(5) {
            0 | 1 => {
                let replaced = tree.try_insert(key, Box::new(round)).unwrap();
                assert_eq!(
                    replaced.is_some(),
                    model.insert(key, Box::new(round)).is_some()
                );
            }
            2 => assert_eq!(tree.remove(&key), model.remove(&key)),
            3 => assert_eq!(
                tree.remove_node(&key).is_some(),
                model.remove(&key).is_some()
            ),
            _ => {
                if let Some(value) = tree.get_mut(&key) {
                    **value += 1;
                }
                if let Some(value) = model.get_mut(&key) {
                    **value += 1;
                }
            }
        }
        assert_eq!(tree.get(&key), model.get(&key));
        if round % 500 == 0 {
            assert!(tree.iter().eq(model.iter()));
        }
    }
    assert!(model.len() > 200);
    assert!(tree.iter().eq(model.iter()));
    assert!(tree.keys().eq(model.keys()) && tree.values().eq(model.values()));
    for value in tree.values_mut() {
        **value *= 2;
    }
    for (_, value) in &mut model {
        **value *= 2;
    }
    assert!((&mut tree).into_iter().eq(model.iter_mut()));
    assert!((&tree).into_iter().eq(&model));
}

#[test]
fn a_tree_drops_each_entry_once() {
    let value = Rc::new(());
    let mut tree = RBTree::default();
    for key in [5, 2, 8, 1, 9, 3, 7, 4, 6, 0] {
        tree.try_insert(key, value.clone()).unwrap();
    }
    assert_eq!(Rc::strong_count(&value), 11);
    drop(tree.try_insert(5, value.clone()).unwrap());
    assert_eq!(Rc::strong_count(&value), 11);
    drop(tree.remove(&5));
    drop(tree.remove_node(&2));
    assert_eq!(Rc::strong_count(&value), 9);
    drop(tree);
    assert_eq!(Rc::strong_count(&value), 1);
}

#[test]
fn a_node_is_used_again_without_allocating() {
    let mut tree = RBTree::new();
    let value = Rc::new(());
    let reservation = RBTree::<_, Rc<()>>::try_reserve_node().unwrap();
    assert!(tree
        .insert(reservation.into_node(1, value.clone()))
        .is_none());
    let node = RBTree::try_allocate_node(1, value.clone()).unwrap();
    let old = tree.insert(node).unwrap();
    let reservation = old.into_reservation();
    assert_eq!(Rc::strong_count(&value), 2);
    assert!(tree
        .insert(reservation.into_node(0, value.clone()))
        .is_none());
    let moved = tree.remove_node(&1).unwrap();
    let mut other = RBTree::new();
    assert!(other.insert(moved).is_none());
    assert!(tree.keys().eq([&0]) && other.keys().eq([&1]));
    drop((tree, other));
    assert_eq!(Rc::strong_count(&value), 1);
}

#[test]
fn an_empty_tree_has_nothing() {
    let mut tree = RBTree::<u8, u8>::new();
    assert!(tree.iter().next().is_none() && tree.iter_mut().next().is_none());
    assert!(tree.get(&1).is_none() && tree.remove(&1).is_none());
}
