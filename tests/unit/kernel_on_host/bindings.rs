// SPDX-License-Identifier: GPL-2.0

//! A stand-in for the kernel's C functions, as far as the tests need them.

#![allow(non_camel_case_types, non_upper_case_globals)]

use core::ffi::{c_char, c_int, c_longlong, c_uint, c_ulonglong, c_void, CStr};
use core::ptr::null_mut;

// Each errno as a constant, and the names by number: the test writes it.
include!(env!("ERRNOS"));

pub const MAX_ERRNO: c_int = 4095;

pub unsafe fn strlen(text: *const c_char) -> usize {
    CStr::from_ptr(text).count_bytes()
}

/// `%pe` and nothing else.
pub unsafe fn snprintf(
    buf: *mut c_char,
    len: usize,
    _format: *const c_char,
    error: *const c_void,
) -> c_int {
    let number = -(error as isize) as i32;
    let text = match NAMES.iter().find(|(value, _)| *value == number) {
        Some((_, name)) => format!("-{name}\0"),
        None => format!("-{number}\0"),
    };
    let count = text.len().min(len);
    core::ptr::copy_nonoverlapping(text.as_ptr(), buf.cast(), count);
    text.len() as c_int - 1
}

unsafe fn parsed<T>(
    text: *const c_char,
    parse: impl Fn(&str, u32) -> Option<T>,
    to: *mut T,
) -> c_int {
    let text = CStr::from_ptr(text).to_str().unwrap();
    let text = text.strip_suffix('\n').unwrap_or(text);
    let negative = text.starts_with('-');
    let digits = text.trim_start_matches('-');
    let (digits, radix) = match digits.strip_prefix("0x") {
        Some(hexadecimal) => (hexadecimal, 16),
        None if digits.len() > 1 && digits.starts_with('0') => (&digits[1..], 8),
        None => (digits, 10),
    };
    let signed = if negative {
        format!("-{digits}")
    } else {
        digits.to_owned()
    };
    match parse(&signed, radix) {
        Some(value) => *to = value,
        None => return -EINVAL,
    }
    0
}

pub unsafe fn kstrtoll(text: *const c_char, _base: c_uint, to: *mut c_longlong) -> c_int {
    parsed(
        text,
        |text, radix| i64::from_str_radix(text, radix).ok(),
        to,
    )
}

pub unsafe fn kstrtoull(text: *const c_char, _base: c_uint, to: *mut c_ulonglong) -> c_int {
    parsed(
        text,
        |text, radix| u64::from_str_radix(text, radix).ok(),
        to,
    )
}

pub unsafe fn kstrtobool(text: *const c_char, to: *mut bool) -> c_int {
    *to = match CStr::from_ptr(text).to_bytes().first() {
        Some(b'y' | b'Y' | b'1') => true,
        Some(b'n' | b'N' | b'0') => false,
        _ => return -EINVAL,
    };
    0
}

pub struct module;
pub const KERNEL_PARAM_OPS_FL_NOARG: c_uint = 1;

pub struct kernel_param_ops {
    pub flags: c_uint,
    pub set: Option<unsafe extern "C" fn(*const c_char, *const kernel_param) -> c_int>,
    pub get: Option<unsafe extern "C" fn(*mut c_char, *const kernel_param) -> c_int>,
    pub free: Option<unsafe extern "C" fn(*mut c_void)>,
}

pub union kernel_param__bindgen_ty_1 {
    pub arg: *mut c_void,
}

pub struct kernel_param {
    pub name: *const c_char,
    pub mod_: *mut module,
    pub ops: *const kernel_param_ops,
    pub perm: u16,
    pub level: i8,
    pub flags: u8,
    pub __bindgen_anon_1: kernel_param__bindgen_ty_1,
}

pub struct rb_node {
    parent: *mut rb_node,
    pub rb_right: *mut rb_node,
    pub rb_left: *mut rb_node,
}

impl Default for rb_node {
    fn default() -> Self {
        rb_node {
            parent: null_mut(),
            rb_right: null_mut(),
            rb_left: null_mut(),
        }
    }
}

pub struct rb_root {
    pub rb_node: *mut rb_node,
}

// A tree without balance: what the wrapper does with it is the same.

pub unsafe fn rust_helper_rb_link_node(
    node: *mut rb_node,
    parent: *mut rb_node,
    link: *mut *mut rb_node,
) {
    *node = rb_node {
        parent,
        ..rb_node::default()
    };
    *link = node;
}

pub unsafe fn rb_insert_color(_node: *mut rb_node, _root: *mut rb_root) {}

/// The link that points to a node.
unsafe fn link_to(node: *mut rb_node, root: *mut rb_root) -> *mut *mut rb_node {
    let parent = (*node).parent;
    if parent.is_null() {
        &raw mut (*root).rb_node
    } else if (*parent).rb_left == node {
        &raw mut (*parent).rb_left
    } else {
        &raw mut (*parent).rb_right
    }
}

unsafe fn adopt(child: *mut rb_node, parent: *mut rb_node) {
    if !child.is_null() {
        (*child).parent = parent;
    }
}

pub unsafe fn rb_replace_node(old: *mut rb_node, new: *mut rb_node, root: *mut rb_root) {
    *link_to(old, root) = new;
    core::ptr::copy_nonoverlapping(old, new, 1);
    adopt((*new).rb_left, new);
    adopt((*new).rb_right, new);
}

pub unsafe fn rb_erase(node: *mut rb_node, root: *mut rb_root) {
    if !(*node).rb_left.is_null() && !(*node).rb_right.is_null() {
        let next = rb_next(node);
        rb_erase(next, root);
        rb_replace_node(node, next, root);
        return;
    }
    let child = if (*node).rb_left.is_null() {
        (*node).rb_right
    } else {
        (*node).rb_left
    };
    *link_to(node, root) = child;
    adopt(child, (*node).parent);
}

unsafe fn leftmost(mut node: *mut rb_node) -> *mut rb_node {
    while !node.is_null() && !(*node).rb_left.is_null() {
        node = (*node).rb_left;
    }
    node
}

pub unsafe fn rust_helper_rb_first(root: *const rb_root) -> *mut rb_node {
    leftmost((*root).rb_node)
}

pub unsafe fn rb_next(node: *const rb_node) -> *mut rb_node {
    if !(*node).rb_right.is_null() {
        return leftmost((*node).rb_right);
    }
    let mut node = node.cast_mut();
    while !(*node).parent.is_null() && (*(*node).parent).rb_right == node {
        node = (*node).parent;
    }
    (*node).parent
}

unsafe fn deepest(mut node: *mut rb_node) -> *mut rb_node {
    loop {
        if !(*node).rb_left.is_null() {
            node = (*node).rb_left;
        } else if !(*node).rb_right.is_null() {
            node = (*node).rb_right;
        } else {
            return node;
        }
    }
}

pub unsafe fn rb_first_postorder(root: *const rb_root) -> *mut rb_node {
    if (*root).rb_node.is_null() {
        return null_mut();
    }
    deepest((*root).rb_node)
}

pub unsafe fn rb_next_postorder(node: *const rb_node) -> *mut rb_node {
    let parent = (*node).parent;
    if !parent.is_null() && (*parent).rb_left.cast_const() == node && !(*parent).rb_right.is_null()
    {
        return deepest((*parent).rb_right);
    }
    parent
}
