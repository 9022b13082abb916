# SPDX-License-Identifier: MIT
from __future__ import annotations

import time
from pathlib import Path

import pytest
from miniature import kernel_tree, target, write

from scons_kmod.base.errors import UserError
from scons_kmod.kernel.kernel_tree import open_tree
from scons_kmod.manifest.manifest import with_needs
from scons_kmod.manifest.project import Project, find_project


def write_module(directory: Path, name: str, *needs: str, more: str = "") -> Path:
    """A module of C in a directory of its own."""
    write(directory / name / "a.c", "")
    listed = ", ".join(f'"{other}"' for other in needs)
    text = f'[module]\nname = "{name}"\n[c]\nsources = ["a.c"]\n[depends]\nmodules = [{listed}]\n{more}'
    return write(directory / name / "module.toml", text).parent


def needs(project: Project) -> dict[str, list[str]]:
    return {module.name: [needed.name for needed in module.needs] for module in project.modules}


def error_of(*directories: Path) -> str:
    with pytest.raises(UserError) as caught:
        find_project(directories)
    return str(caught.value)


def test_modules_come_with_all_that_they_need_each_after_its_own(tmp_path: Path) -> None:
    for name, others in {"a": ("c", "b"), "b": ("d",), "c": ("b", "b"), "d": (), "e": ()}.items():
        write_module(tmp_path, name, *others)
    project = find_project([tmp_path])
    assert needs(project) == {"a": ["d", "b", "c"], "b": ["d"], "c": ["d", "b"], "d": [], "e": []}
    a, c = project.modules[0], project.modules[2]
    assert [module.name for module in with_needs([c, a])] == ["d", "b", "c", "a"]
    assert a.needs[-1] == c, "the same module, with what it needs itself"


@pytest.mark.parametrize(("name", "named"), [("my-ring", "my_ring"), ("my_ring", "my-ring"), ("my-ring", "my-ring")])
def test_a_dash_is_an_underscore(tmp_path: Path, name: str, named: str) -> None:
    write_module(tmp_path, name)
    write_module(tmp_path, "user", named)
    assert needs(find_project([tmp_path]))["user"] == [name]


def test_modules_may_lie_in_several_directories(tmp_path: Path) -> None:
    user, ring = write_module(tmp_path / "x", "user", "ring"), write_module(tmp_path / "y", "ring")
    assert needs(find_project([user, ring])) == {"ring": [], "user": ["ring"]}
    assert error_of(user) == (
        f"{user}/module.toml:5: depends: there is no module 'ring', which it depends on\n"
        "    name its directory with MODULES= too"
    )


@pytest.mark.parametrize(
    ("others", "cycle"),
    [
        ({"a": "a"}, "a -> a"),
        ({"a": "b", "b": "c", "c": "a"}, "a -> b -> c -> a"),
        ({"a": "b", "b": "c", "c": "b"}, "b -> c -> b"),
    ],
)
def test_modules_that_depend_on_each_other(tmp_path: Path, others: dict[str, str], cycle: str) -> None:
    for name, other in others.items():
        write_module(tmp_path, name, other)
    first = cycle[0]
    assert error_of(tmp_path).startswith(
        f"{tmp_path}/{first}/module.toml:5: depends: these modules depend on each other: {cycle}\n"
    )


def test_what_a_module_depends_on_may_depend_on_the_kernel(tmp_path: Path) -> None:
    tree = open_tree(kernel_tree(tmp_path / "tree"))
    for condition, expected in (("CONFIG_SMP", ["ring"]), ("!CONFIG_SMP", [])):
        write_module(tmp_path / condition, "ring")
        write_module(tmp_path / condition, "user", more=f'[when."{condition}".depends]\nmodules = ["ring"]\n')
        project = find_project([tmp_path / condition])
        assert needs(project)["user"] == []
        assert [
            [needed.name for needed in module.needs] for module in project.modules_for(tree) if module.name == "user"
        ] == [expected]


def test_a_cycle_on_some_kernels_is_reported_for_those(tmp_path: Path) -> None:
    write_module(tmp_path / "m", "a", "b")
    write_module(tmp_path / "m", "b", more='[when."CONFIG_SMP".depends]\nmodules = ["a"]\n')
    project = find_project([tmp_path / "m"])
    with pytest.raises(UserError, match="these modules depend on each other: a -> b -> a"):
        project.modules_for(open_tree(kernel_tree(tmp_path / "tree")))


def test_a_module_is_for_the_kernels_that_all_it_needs_are_for(tmp_path: Path) -> None:
    write_module(tmp_path / "m", "ring", more='[requires]\nconfig = ["CONFIG_NO"]\n')
    write_module(tmp_path / "m", "middle", "ring")
    write_module(tmp_path / "m", "user", "middle")
    kernel = target(tmp_path)
    why = {module.name: kernel.skip_reason(module) for module in find_project([tmp_path / "m"]).modules}
    lacks = "it needs CONFIG_NO, which this kernel's configuration does not set"
    assert why == dict.fromkeys(("middle", "user"), f"it depends on ring: {lacks}") | {"ring": lacks}


def test_a_long_chain_of_modules_costs_no_more_than_its_length(tmp_path: Path) -> None:
    count = 30
    for number in range(count):
        write_module(tmp_path, f"m{number:02}", *([f"m{number - 1:02}"] if number else []))
    modules = find_project([tmp_path]).modules
    began = time.perf_counter()
    assert len(with_needs(modules)) == count
    assert time.perf_counter() - began < 1, "2^30 hashes would take an hour"
