# SPDX-License-Identifier: MIT
"""The oracle's edits of wrappers: each a random change of files of kernel/, and of the modules that have to follow.

What an edit makes a wrapper or a module use is found again by names: ``ORACLE_USES_PAGES_7`` in a source says that it
uses the wrapper `pages` from now on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edits import Edit, replaced, texts
from wrapper_users import PARTS, USES, WRAPPERS, wrapper_of

if TYPE_CHECKING:
    from oracle import World

# A public type of each wrapper.
TYPES = {
    "chrdev": "Registration<1>",
    "linked_list": "Links<u8>",
    "miscdev": "Registration<()>",
    "module_param": "StringParam",
    "pages": "Pages<0>",
    "platdev": "Registration",
    "rbtree": "RBTree<u8, u8>",
    "sysctl": "Sysctl<core::sync::atomic::AtomicBool>",
}
# Types that do not implement Debug, with what an implementation begins with.
WITHOUT_DEBUG = (
    ("buffer.rs", "impl", "Buffer<'_>"),
    ("chrdev.rs", "impl<const N: usize>", "Registration<N>"),
    ("linked_list.rs", "impl<G: GetLinksWrapped>", "List<G>"),
    ("miscdev.rs", "impl<T: Sync>", "Registration<T>"),
    ("module_param.rs", "impl", "KernelParam"),
    ("of.rs", "impl", "OfMatchTable"),
    ("pages.rs", "impl<const ORDER: u32>", "Pages<ORDER>"),
    ("platdev.rs", "impl", "Registration"),
    ("rbtree.rs", "impl<K, V>", "RBTree<K, V>"),
    ("sysctl.rs", "impl<T: SysctlStorage>", "Sysctl<T>"),
    ("raw_list.rs", "impl<T: ?Sized>", "Links<T>"),
    ("file.rs", "impl", "File"),
    ("task.rs", "impl", "Task"),
    ("user_ptr.rs", "impl", "UserSlicePtr"),
    ("iov_iter.rs", "impl", "IovIter"),
)
# Methods without arguments whose names nothing else has.
METHODS = (
    "bytes_written",
    "cursor_front_mut",
    "move_next",
    "remove_current",
    "values_mut",
    "into_reservation",
    "is_blocking",
    "reserved_fd",
    "group_leader",
    "signal_pending",
    "notify_one",
    "kernel_param_lock",
)
# Functions whose names nothing else has.
FUNCTIONS = (
    "getrandom",
    "getrandom_nonblock",
    "add_randomness",
    "bytes_written",
    "insert_page",
    "copy_into_page",
    "try_reserve_node",
    "try_allocate_node",
    "remove_node",
    "cursor_front_mut",
    "free_waiters",
    "cond_resched",
    "access_from_mut",
    "from_kernel_errno",
)
# A place in a macro, and what is put there.
MACROS = (
    ("lib.rs", r"(?= {8}let ptr = \$ptr as \*const _ as \*const u8;\n)", "        let _ = NUMBER_u32;\n"),
    (
        "error.rs",
        r"(?<= {8}\$crate::error::from_kernel_result_helper\(\(\|\| \{\n)",
        "            let _ = NUMBER_u32;\n",
    ),
    (
        "print.rs",
        r"(?:\{ let _ = \d+_u32; )?crate::__LOG_PREFIX(?: \})?(?=,\n)",
        "{ let _ = NUMBER_u32; crate::__LOG_PREFIX }",
    ),
    (
        "module_param.rs",
        r"(?= {16}\$type::try_from\(\$parse\(arg\?\)\?\)\.ok\(\)\n)",
        "                let _ = NUMBER_u32;\n",
    ),
    (
        "static_assert.rs",
        r"(?= {8}const _: \(\) = ::core::assert!\(\$condition\);\n)",
        "        const _: u32 = NUMBER;\n",
    ),
)
# What the root of the crate, or the prelude, exports beside what it has.
ROOT_EXPORTS = (
    "pub use crate::sync::CondVar as OracleName{n};\n",
    "pub use crate::str::CStr as OracleName{n};\n",
    "pub use crate::types::ScopeGuard as OracleName{n};\n",
    "pub use crate::file::File as OracleName{n};\n",
)
PRELUDE_EXPORTS = (
    "pub use super::sync::Mutex as OracleMutex{n};\n",
    "pub use super::types::ScopeGuard as OracleGuard{n};\n",
    "pub use super::str::CStr as OracleStr{n};\n",
    "pub use core::convert::TryFrom as OracleTryFrom{n};\n",
)
FUNCTION = re.compile(
    r'^(?P<indent> *)(?P<pub>pub(?:\(crate\))? )?(?:unsafe )?(?:extern "C" )?fn \w+(?P<generic><)?[^;{}]*\{\n',
    re.MULTILINE,
)
BLACK_BOX = "core::hint::black_box({n}_u32);\n"
USES_MARK = re.compile(r"\bORACLE_USES_([A-Z_]+)_\d+")
ITEM = re.compile(r"\n// Item (\d+)\.\n.*?\n// End of item \1\.\n", re.DOTALL)


def kernel(world: World) -> Path:
    return world.incremental.path / "kernel"


def leaves(world: World) -> list[Path]:
    """The files of wrappers that are crates of their own."""
    return sorted(kernel(world) / f"{name}.rs" for name in (*WRAPPERS, *PARTS))


def wrapper(world: World) -> Path:
    """A file of a wrapper, rather not of the base."""
    if world.dice.random() < 0.75:
        return world.dice.choice(leaves(world))
    return world.dice.choice(sorted(kernel(world).rglob("*.rs")))


def kind_of_file(kind: str, path: Path) -> str:
    """The kind, by whether the base or another wrapper is edited."""
    return f"{kind}, {'wrapper' if wrapper_of(path) else 'base'}"


def appended(kind: str, path: Path, code: str) -> Edit | None:
    return replaced(kind_of_file(kind, path), path, lambda text: f"{text.rstrip()}\n\n{code}")


def in_a_function(world: World, kind: str, accept: Callable[[re.Match[str], str], bool], code: str) -> Edit | None:
    """A statement at the start of a function's body."""
    path = wrapper(world)
    text = path.read_text()
    found = [match for match in FUNCTION.finditer(text) if accept(match, text)]
    if not found:
        return None
    match = world.dice.choice(found)
    line = f"{match['indent']}    {code.format(n=world.number())}"
    return texts(kind_of_file(kind, path), {path: text[: match.end()] + line + text[match.end() :]})


def inlined(match: re.Match[str], text: str) -> bool:
    """Whether users compile a function's code themselves."""
    return bool(match["generic"]) or text[: match.start()].rstrip().endswith("#[inline]")


def body_of_a_private_function(world: World) -> Edit | None:
    return in_a_function(world, "body of a private function", lambda match, _: not match["pub"], BLACK_BOX)


def body_of_a_public_function(world: World) -> Edit | None:
    return in_a_function(
        world,
        "body of a public function",
        lambda match, text: bool(match["pub"]) and not inlined(match, text),
        BLACK_BOX,
    )


def body_of_an_inlined_function(world: World) -> Edit | None:
    return in_a_function(world, "body of an inlined function", inlined, BLACK_BOX)


def cfg_in_a_body(world: World) -> Edit | None:
    return in_a_function(world, "cfg in a body", lambda *_: True, "#[cfg(CONFIG_KVM_ORACLE)]\n" + BLACK_BOX)


def attribute(world: World) -> Edit | None:
    path = wrapper(world)
    text = path.read_text()
    found = list(FUNCTION.finditer(text))
    if not found:
        return None
    match = world.dice.choice(found)
    attribute_text = world.dice.choice(["inline", "inline(never)", "cold", "doc(hidden)", "allow(unused)", "must_use"])
    line = f"{match['indent']}#[{attribute_text}]\n"
    return texts(kind_of_file("attribute", path), {path: text[: match.start()] + line + text[match.start() :]})


def documentation(world: World) -> Edit | None:
    path = wrapper(world)
    n = world.number()
    pattern = world.dice.choice([r"(?m)^(//! .*\n)", r"(?m)^( */// .*\n)"])
    found = list(re.finditer(pattern, path.read_text()))
    if not found:
        return None
    match = world.dice.choice(found)
    line = re.sub(r"(//[/!]).*", rf"\1 Oracle {n}.", match[1])
    keeps_lines = world.dice.random() < 0.5
    end = match.end() if not keeps_lines else match.start() + len(match[1]) - 1
    new = line if not keeps_lines else f" Oracle {n}."
    return replaced(kind_of_file("doc comment", path), path, lambda text: text[:end] + new + text[end:])


def line_added(world: World) -> Edit | None:
    path = wrapper(world)
    n = world.number()
    return replaced(
        kind_of_file("comment line", path), path, lambda text: re.sub(r"(?m)^use ", f"// {n}\nuse ", text, count=1)
    )


def new_item(world: World) -> Edit | None:
    path, n = wrapper(world), world.number()
    kind, code = world.dice.choice(
        [
            ("fn", "pub fn oracle_{n}(oracle: u32) -> u32 {{\n    oracle ^ {n}\n}}\n"),
            ("inline fn", "#[inline]\npub fn oracle_{n}(oracle: u32) -> u32 {{\n    oracle ^ {n}\n}}\n"),
            ("generic fn", "pub fn oracle_{n}<T: Clone>(oracle: &T) -> (T, u32) {{\n    (oracle.clone(), {n})\n}}\n"),
            ("const", "pub const ORACLE_{n}: u32 = {n};\n"),
            ("static", "pub static ORACLE_{n}: u32 = {n};\n"),
            ("struct", "pub struct Oracle{n} {{\n    /// Oracle.\n    pub oracle_{n}: [u8; {n}],\n}}\n"),
            ("enum", "#[derive(Clone, Copy)]\npub enum Oracle{n} {{\n    /// Oracle.\n    OracleOne,\n}}\n"),
            ("type", "pub type Oracle{n} = [u8; {n}];\n"),
            ("trait", "pub trait Oracle{n} {{\n    /// Oracle.\n    const ORACLE: u32 = {n};\n}}\n"),
        ]
    )
    return appended(f"new pub {kind}", path, f"/// Oracle.\n{code.format(n=n)}")


def private_item(world: World) -> Edit | None:
    path, n = wrapper(world), world.number()
    return appended("new private item", path, f"#[allow(dead_code)]\nconst ORACLE_{n}: u32 = {n};\n")


def value_of_an_item(world: World) -> Edit | None:
    """What an item that another edit brought stands for."""
    found = [path for path in sorted(kernel(world).rglob("*.rs")) if "pub const ORACLE_" in path.read_text()]
    if not found:
        return None
    path, n = world.dice.choice(found), world.number()
    return replaced(
        kind_of_file("value of a const", path),
        path,
        lambda text: re.sub(r"(pub const ORACLE_\d+: u32 = )\d+;", rf"\g<1>{n};", text, count=1),
    )


def implementation(world: World) -> Edit | None:
    """One more implementation of a trait, or one fewer."""
    name, begin, type_name = world.dice.choice(WITHOUT_DEBUG)
    path = kernel(world) / name
    code = (
        f"{begin} core::fmt::Debug for {type_name} {{\n"
        "    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {\n"
        '        f.write_str("oracle")\n    }\n}\n'
    )
    if code in path.read_text():
        return replaced(kind_of_file("impl removed", path), path, lambda text: text.replace(code, ""))
    return appended("impl added", path, code)


def blanket_implementation(world: World) -> Edit | None:
    path, n = wrapper(world), world.number()
    bound = world.dice.choice(["", "Clone + ", "core::fmt::Display + ", "Send + "])
    code = (
        f"/// Oracle.\npub trait OracleBlanket{n} {{\n    /// A number.\n    fn oracle_blanket_{n}(&self) -> u32;\n}}\n"
        f"impl<T: {bound}?Sized> OracleBlanket{n} for T {{\n"
        f"    fn oracle_blanket_{n}(&self) -> u32 {{\n        {n}\n    }}\n}}\n"
    )
    if "Clone" in bound:
        code = code.replace("?Sized", "Sized")
    return appended("blanket impl", path, code)


def body_of_a_macro(world: World) -> Edit | None:
    name, pattern, code = world.dice.choice(MACROS)
    path, new = kernel(world) / name, code.replace("NUMBER", str(world.number()))
    return replaced(
        kind_of_file("body of a macro", path), path, lambda text: re.sub(pattern, lambda _: new, text, count=1)
    )


def new_macro(world: World) -> Edit | None:
    path, n = wrapper(world), world.number()
    code = f"/// Oracle.\n#[macro_export]\nmacro_rules! oracle_{n} {{\n    () => {{\n        {n}_u32\n    }};\n}}\n"
    return appended("new macro", path, code)


def sources_of_all(world: World) -> Iterator[Path]:
    for part in ("kernel", "modules"):
        yield from sorted((world.incremental.path / part).rglob("*.rs"))


def everywhere(world: World, kind: str, change: Callable[[str], str]) -> Edit | None:
    """A change of the sources of wrappers and modules alike."""
    edit = texts(kind, {path: change(path.read_text()) for path in sources_of_all(world)})
    return edit if edit.changes else None


def name_of_a_function(world: World) -> Edit | None:
    """A function gets another name, and all its users follow."""
    name, n = world.dice.choice(FUNCTIONS), world.number()
    pattern = re.compile(rf"\b{name}(_o\d+)?\b")
    return everywhere(world, "name of a function, with its users", lambda text: pattern.sub(f"{name}_o{n}", text))


def argument_of_a_method(world: World) -> Edit | None:
    """A method takes one more argument, or one fewer, and all its users follow."""
    name = world.dice.choice(METHODS)
    parameter, argument = f", _{name}_oracle: u8)", f"7_u8 /* {name}_oracle */"

    def change(text: str) -> str:
        if parameter in text or argument in text:
            return text.replace(parameter, ")").replace(argument, "")
        text = re.sub(rf"(fn {name}\((?:&mut self|&self|self))\)", rf"\1{parameter}", text)
        return text.replace(f".{name}()", f".{name}({argument})")

    return everywhere(world, "arguments of a method, with its users", change)


def module_root(world: World) -> tuple[str, Path] | None:
    """A Rust module that uses a wrapper, and its source."""
    roots = ((name, world.incremental.path / f"modules/{name}/{name}.rs") for name in USES)
    found = [(name, path) for name, path in roots if path.is_file() and path.with_name("module.toml").is_file()]
    return world.dice.choice(found) if found else None


def mark(wrapper_name: str, n: int) -> str:
    return f"ORACLE_USES_{wrapper_name.upper()}_{n}"


def item_of_a_module(world: World) -> Edit | None:
    """A wrapper gets an item, and a module that need not have used the wrapper uses it."""
    found = module_root(world)
    if found is None:
        return None
    (_, root), name, n = found, world.dice.choice(sorted(set(WRAPPERS) - {"security"})), world.number()
    path = kernel(world) / f"{name}.rs"
    item = (
        f"\n// Item {n}.\n/// Oracle.\npub const fn oracle_item_{n}(oracle: u64) -> u64 {{\n    oracle ^ {n}\n}}\n"
        f"// End of item {n}.\n"
    )
    use = (
        f'\n/// Oracle.\n#[used(compiler)]\n#[link_section = ".init.data"]\n'
        f"static {mark(name, n)}: u64 = kernel::{name}::oracle_item_{n}(1);\n"
    )
    changed = {path: path.read_text() + item, root: with_feature(root.read_text(), "used_with_arg") + use}
    return texts("new item of a wrapper that a module uses", changed)


def with_feature(text: str, feature: str) -> str:
    """A crate's source with one more feature of rustc turned on."""
    return text if f"({feature})" in text else text.replace("#![no_std]", f"#![no_std]\n#![feature({feature})]", 1)


def item_that_moves(world: World) -> Edit | None:
    """An item goes to another wrapper, and the modules that use it follow."""
    texts_before = {path: path.read_text() for path in leaves(world)}
    items = [(path, match) for path, text in texts_before.items() for match in ITEM.finditer(text)]
    if not items:
        return None
    path, match = world.dice.choice(items)
    name = world.dice.choice(sorted(set(WRAPPERS) - {"security", path.stem}))
    other, n = kernel(world) / f"{name}.rs", match[1]
    changed = {path: texts_before[path].replace(match[0], ""), other: texts_before[other] + match[0]}
    for source in sorted((world.incremental.path / "modules").rglob("*.rs")):
        text = source.read_text().replace(f"kernel::{path.stem}::oracle_item_{n}(", f"kernel::{name}::oracle_item_{n}(")
        changed[source] = re.sub(rf"\bORACLE_USES_[A-Z_]+_{n}\b", mark(name, int(n)), text)
    return texts("item that moves between wrappers", changed)


def use_of_another_wrapper(world: World) -> Edit | None:
    """A wrapper begins to use another. Crates cannot use each other in a circle."""
    names = [name for name in WRAPPERS if name != "security"]
    first, second = sorted(world.dice.sample(range(len(names)), 2))
    used, user = names[first], names[second]
    if used not in TYPES:
        return None
    path, n = kernel(world) / f"{user}.rs", world.number()
    code = f"/// Oracle.\npub const {mark(used, n)}: usize = core::mem::size_of::<crate::{used}::{TYPES[used]}>();\n"
    return replaced("wrapper that begins to use another", path, lambda text: f"{text.rstrip()}\n\n{code}")


def use_of_a_wrapper_by_a_module(world: World) -> Edit | None:
    found = module_root(world)
    if found is None:
        return None
    (_, root), name, n = found, world.dice.choice(sorted(TYPES)), world.number()
    const, type_name = mark(name, n), f"kernel::{name}::{TYPES[name]}"
    code = (
        f"\nconst _: () = {{\n    const {const}: usize = core::mem::size_of::<{type_name}>();\n"
        f"    assert!({const} != usize::MAX);\n}};\n"
    )
    return replaced("module that begins to use a wrapper", root, lambda text: text + code)


def export_of_the_root(world: World) -> Edit | None:
    line = world.dice.choice(ROOT_EXPORTS).format(n=world.number())
    return replaced(
        "re-export of the root",
        kernel(world) / "lib.rs",
        lambda text: text.replace("pub use crate::error", line + "pub use crate::error", 1),
    )


def export_of_the_prelude(world: World) -> Edit | None:
    line = world.dice.choice(PRELUDE_EXPORTS).format(n=world.number())
    return replaced("the prelude", kernel(world) / "prelude.rs", lambda text: f"{text.rstrip()}\n\n{line}")


def uses_by_marks(world: World) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """The wrappers that each module names, and those that each wrapper names: by the list kept by hand and by marks."""
    modules = {name: set(named) for name, named in USES.items()}
    for path in sorted((world.incremental.path / "modules").rglob("*.rs")):
        module = path.relative_to(world.incremental.path / "modules").parts[0]
        modules.setdefault(module, set()).update(marked(path))
    between = {name: {*named, *marked(kernel(world) / f"{name}.rs")} for name, named in WRAPPERS.items()}
    return modules, between


def marked(path: Path) -> set[str]:
    """The wrappers that edits made a source use."""
    return {name.lower() for name in USES_MARK.findall(path.read_text())}


WRAPPER_EDITS: tuple[Callable[[World], Edit | None], ...] = (
    body_of_a_private_function,
    body_of_a_private_function,
    body_of_a_public_function,
    body_of_an_inlined_function,
    body_of_an_inlined_function,
    cfg_in_a_body,
    attribute,
    documentation,
    line_added,
    new_item,
    new_item,
    private_item,
    value_of_an_item,
    implementation,
    implementation,
    blanket_implementation,
    body_of_a_macro,
    new_macro,
    name_of_a_function,
    argument_of_a_method,
    item_of_a_module,
    item_of_a_module,
    item_that_moves,
    item_that_moves,
    use_of_another_wrapper,
    use_of_a_wrapper_by_a_module,
    export_of_the_root,
    export_of_the_prelude,
)
