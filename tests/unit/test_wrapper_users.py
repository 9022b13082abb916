# SPDX-License-Identifier: MIT
"""The list of wrappers and their users that is kept by hand (wrapper_users.py) is complete."""

from __future__ import annotations

import re

from checkout import PROJECT
from scons_kmod.manifest.manifest import BUNDLED
from scons_kmod.manifest.project import find_project
from wrapper_users import BASE_ALONE, OTHERS, PARTS, USES, WRAPPERS, users

MARKED = re.compile(r"#\[cfg\(not\(kernel_base\)\)\]\n(?:#\[.*\]\n)*(?:pub )?mod (\w+);")


def test_it_has_every_wrapper_that_is_a_crate_of_its_own() -> None:
    assert {*WRAPPERS, *PARTS} == set(MARKED.findall((PROJECT / "kernel/lib.rs").read_text()))
    assert set(PARTS.values()) <= WRAPPERS.keys()


def test_it_has_every_module_to_the_api_of_the_wrappers() -> None:
    project = find_project([PROJECT / "modules"])
    known = {*USES, *BASE_ALONE, *OTHERS}
    assert {module.name for module in project.modules if module.api == BUNDLED} | set(project.libraries) == known
    assert not set(USES) & {*BASE_ALONE, *OTHERS}


def test_no_wrapper_uses_one_that_comes_later_in_the_list() -> None:
    names = list(WRAPPERS)
    for name, used in WRAPPERS.items():
        assert all(names.index(other) < names.index(name) for other in used)


def test_users_are_also_those_by_another_wrapper() -> None:
    uses, between = {"one": ("a",), "two": ("b",), "three": ("c",), "four": ()}, {"a": (), "b": ("a",), "c": ("b",)}
    assert users(["a"], uses, between) == {"one", "two", "three"}
    assert users(["b"], uses, between) == {"two", "three"}
    assert users([], uses, between) == set()


def test_modules_name_wrappers_that_they_use_alone() -> None:
    """A variable with a wrapper's name would count: the build looks at identifiers."""
    for path in (PROJECT / "modules").rglob("*.rs"):
        module = path.relative_to(PROJECT / "modules").parts[0]
        code = re.sub(r"//.*", "", path.read_text())
        assert {name for name in WRAPPERS if re.search(rf"\b{name}\b", code)} <= set(USES.get(module, ())), path
