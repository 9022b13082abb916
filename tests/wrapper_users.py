# SPDX-License-Identifier: MIT
"""Which module uses which wrapper: kept by hand, from reading modules/ and kernel/.

Tests compare what an edit of a wrapper compiles with this list, so nothing here may be asked of the code under test. A
module uses a wrapper if its sources, or the code that macros of kernel/ and rust/macros write for it, name something of
the wrapper. The base (errors, strings, printing, buffers, types, sync, tasks, files) is what all others use, and is not
here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

# The wrappers that are crates of their own, each with the others of them that it uses. None uses one that comes later.
WRAPPERS: dict[str, tuple[str, ...]] = {
    "chrdev": (),
    "linked_list": (),
    "miscdev": (),
    "module_param": (),
    "pages": (),
    "platdev": (),
    "random": (),
    "rbtree": (),
    "security": (),
    "sysctl": (),
}
# Files of kernel/ that are a part of another file's wrapper.
PARTS = {"raw_list": "linked_list"}

# Each module of modules/ that uses a wrapper besides the base.
USES: dict[str, tuple[str, ...]] = {
    "rust_alloc": ("module_param",),
    "rust_chrdev": ("chrdev",),
    # A proc macro of its own may write any name.
    "rust_crates": tuple(WRAPPERS),
    "rust_driver": ("miscdev", "module_param"),
    "rust_fail": ("miscdev",),
    "rust_ioctl": ("miscdev",),
    "rust_list": ("linked_list", "miscdev"),
    # module_misc_device! names miscdev.
    "rust_misc_macro": ("miscdev",),
    "rust_miscdev": ("miscdev",),
    "rust_mmap": ("miscdev", "pages"),
    "rust_module_parameters": ("module_param",),
    # It names bindings::list_head. Of kernel/, raw_list.rs alone names it too: so it is declared in that crate.
    "rust_own_bindings": ("linked_list",),
    "rust_pipe": ("miscdev",),
    "rust_platdev": ("platdev",),
    "rust_ram": ("miscdev",),
    "rust_random": ("miscdev", "random"),
    "rust_rbtree": ("miscdev", "rbtree"),
    "rust_semaphore": ("miscdev",),
    "rust_sysctl": ("sysctl",),
    # So may what generates a source.
    "rust_tables": tuple(WRAPPERS),
    # It names security for kernels without CONFIG_SECURITY, too.
    "rust_task": ("miscdev", "security"),
}
# Modules to this project's own API that use the base alone.
BASE_ALONE = (
    "rust_counter",
    "rust_counter_one",
    "rust_counter_two",
    "rust_export",
    "rust_kvm",
    "rust_minimal",
    "rust_shared_a",
    "rust_shared_b",
    "rust_stack_probing",
    "rust_sync",
    "rust_uses_c",
)
# What modules/ has beside them: modules of C that others need, or that need others, and a crate of two modules.
OTHERS = ("c_uses_rust", "export_c", "shared_crate")
# Modules that are compiled against the crate of another, which may have to be compiled for it too.
CRATE_USERS = {"rust_counter": ("rust_counter_one", "rust_counter_two")}


def wrapper_of(source: Path) -> str | None:
    """The wrapper that a file of kernel/ belongs to, or None for a file of the base."""
    if source.parent.name != "kernel":
        return None
    name = PARTS.get(source.stem, source.stem)
    return name if name in WRAPPERS else None


def users(
    wrappers: Iterable[str],
    uses: Mapping[str, Iterable[str]] = USES,
    between: Mapping[str, Iterable[str]] = WRAPPERS,
) -> set[str]:
    """The modules that use one of the wrappers, be it by another wrapper.

    `uses` are the wrappers that a module's sources name, `between` those that a wrapper names.
    """
    changed = set(wrappers)
    while more := {name for name, named in between.items() if changed.intersection(named)} - changed:
        changed |= more
    return {module for module, named in uses.items() if changed.intersection(named)}
