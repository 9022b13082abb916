# SPDX-License-Identifier: MIT
"""Which crate `kernel` a module, a library and an exported crate are compiled against."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from miniature import module, target, write, write_wrappers

from scons_kmod.crates.facade import (
    LONGEST_KEY,
    crate_facade,
    facade_of,
    facades_of_crate,
    facades_of_module,
    module_facade,
)
from scons_kmod.manifest.crate import CrateSpec, sort_crates
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.sections.bindings import Bindings
from scons_kmod.manifest.sections.depends import Depends
from scons_kmod.manifest.sections.exports import Exports
from scons_kmod.manifest.sections.generate import Generator
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.wrappers.named_wrappers import NamedInCode
from scons_kmod.wrappers.wrapper_crates import wrapper_crates

WRAPPERS = {"tree": "use crate::list;", "list": "", "misc": "", "random": "", "params": ""}
ALL = "list+tree+misc+random+params-bindings+modules"


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    build_target = target(tmp_path)
    write_wrappers(build_target, "".join(f"#[apart]\npub mod {name};\n" for name in WRAPPERS), **WRAPPERS)
    return build_target


def naming(directory: Path, *wrappers: str, crates: tuple[CrateSpec, ...] = ()) -> Manifest:
    """A module whose crate root names these wrappers, with these crates, of which the libraries are declared."""
    manifest = module(directory)
    write(directory / "rust_echo.rs", code(*wrappers))
    libraries = tuple(crate.name for crate in crates if crate.library)
    return dataclasses.replace(manifest, crates=tuple(sort_crates(crates)), depends=Depends(libraries=libraries))


def crate(directory: Path, *wrappers: str, needs: tuple[str, ...] = (), **more: object) -> CrateSpec:
    """A crate, named for its directory, that names these wrappers."""
    return CrateSpec(directory.name, write(directory / "lib.rs", code(*wrappers)), directory, needs=needs, **more)


def code(*wrappers: str) -> str:
    return "".join(f"use kernel::{name};\n" for name in wrappers)


def test_a_module_gets_the_wrappers_that_it_names_and_what_they_need(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = naming(tmp_path / "m", "tree")
    write(tmp_path / "m/sub/part.rs", code("random"))
    write(tmp_path / "m/.hidden/part.rs", code("misc"))
    facade = module_facade(build_target, manifest)
    assert [crate.label for crate in facade.exported] == ["tree", "random"]
    assert [crate.label for crate in facade.linked] == ["list", "tree", "random"]
    assert facade.key == "tree+random"


def test_a_module_that_names_none_gets_the_base(build_target: BuildTarget, tmp_path: Path) -> None:
    facade = module_facade(build_target, naming(tmp_path / "m"))
    assert (facade.exported, facade.linked, facade.key) == ((), (), "base")


def test_modules_that_name_the_same_share_a_facade(build_target: BuildTarget, tmp_path: Path) -> None:
    first, second = naming(tmp_path / "1", "tree", "misc"), naming(tmp_path / "2", "misc", "tree")
    assert module_facade(build_target, first) == module_facade(build_target, second)
    assert module_facade(build_target, naming(tmp_path / "3", "list", "tree")).key == "list+tree"


def test_the_sources_of_another_module_do_not_count(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = naming(tmp_path / "m", "tree")
    naming(tmp_path / "other", "misc")
    write(build_target.build / "modules/other/generated/x.rs", code("random"))
    inside = dataclasses.replace(build_target, build=tmp_path / "m/build/debian-6.12")
    write(inside.build / "x.rs", code("random"))
    assert module_facade(inside, manifest).key == "tree"


def test_what_is_not_in_the_sources_may_name_any_wrapper(build_target: BuildTarget, tmp_path: Path) -> None:
    """Proc macros of the module, of a crate or of a library; generated sources."""
    plain = naming(tmp_path / "m", "misc")
    own = naming(tmp_path / "own", crates=(crate(tmp_path / "own/p", proc_macro=True),))
    shared = crate(tmp_path / "p", proc_macro=True, library=tmp_path / "p")
    program = write(plain.directory / "gen.py", "")
    rust, c = (
        dataclasses.replace(plain, generators=(Generator("gen", program, (output,)),)) for output in ("x.rs", "x.h")
    )
    keys = [module_facade(build_target, m).key for m in (own, naming(tmp_path / "user", crates=(shared,)), rust, c)]
    assert keys == [ALL, ALL, ALL, "misc"]


def test_a_generator_is_no_code_of_the_module(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = naming(tmp_path / "m", "misc")
    generator = Generator("gen", write(manifest.directory / "gen.rs", code("tree")), ("x.h",))
    assert module_facade(build_target, manifest).key == "tree+misc"
    assert module_facade(build_target, dataclasses.replace(manifest, generators=(generator,))).key == "misc"


def test_a_local_crate_has_the_facade_of_its_module(build_target: BuildTarget, tmp_path: Path) -> None:
    part = crate(tmp_path / "m/part", "random")
    manifest = naming(tmp_path / "m", "tree", crates=(part,))
    assert crate_facade(build_target, manifest, part) == module_facade(build_target, manifest)
    assert facades_of_crate(build_target, manifest, part) == facades_of_module(build_target, manifest)
    assert [facade.key for facade in facades_of_module(build_target, manifest)] == ["tree+random"]


def test_a_library_has_one_facade_for_all_modules(build_target: BuildTarget, tmp_path: Path) -> None:
    lower = crate(tmp_path / "lower", "list", library=tmp_path / "lower")
    upper = crate(tmp_path / "upper", "misc", needs=("lower",), library=tmp_path / "upper")
    first = naming(tmp_path / "1", "tree", crates=(lower, upper))
    second = naming(tmp_path / "2", crates=(lower, upper))
    for manifest in (first, second):
        assert crate_facade(build_target, manifest, lower).key == "list"
        # A macro of `lower` may name what `lower` names, in the code of `upper`.
        assert crate_facade(build_target, manifest, upper).key == "list+misc"
        assert [f.key for f in facades_of_crate(build_target, manifest, lower)] == ["list"]
        assert [f.key for f in facades_of_crate(build_target, manifest, upper)] == ["list+misc", "list"]
    assert [f.key for f in facades_of_module(build_target, first)] == ["list+tree+misc", "list", "list+misc"]
    # The module's facade is that of a library, too: it is there once.
    assert [f.key for f in facades_of_module(build_target, second)] == ["list+misc", "list"]


def test_a_library_with_a_proc_macro_gets_all_wrappers_and_its_neighbours_do_not(
    build_target: BuildTarget, tmp_path: Path
) -> None:
    macro = crate(tmp_path / "p", proc_macro=True, library=tmp_path / "p")
    user = crate(tmp_path / "user", needs=("p",), library=tmp_path / "user")
    other = crate(tmp_path / "other", "misc", library=tmp_path / "other")
    manifest = naming(tmp_path / "m", crates=(macro, user, other))
    assert crate_facade(build_target, manifest, user).key == ALL
    assert crate_facade(build_target, manifest, other).key == "misc"


def test_a_user_of_an_exported_crate_gets_what_that_names(build_target: BuildTarget, tmp_path: Path) -> None:
    lowest = dataclasses.replace(naming(tmp_path / "lowest", "random"), name="lowest", exports=Exports(crate=True))
    ring = naming(tmp_path / "ring", "tree")
    exports = Exports(crate=True)
    ring = dataclasses.replace(ring, name="ring", exports=exports, needs=(lowest,), depends=Depends(("lowest",)))
    user = naming(tmp_path / "user", "misc")
    user = dataclasses.replace(user, needs=(lowest, ring), depends=Depends(("ring",)))
    assert [f.key for f in facades_of_module(build_target, user)] == ["tree+misc+random", "tree+random", "random"]
    not_used = dataclasses.replace(user, depends=Depends(()))
    assert [f.key for f in facades_of_module(build_target, not_used)] == ["misc"]


def test_the_key_is_a_file_name(build_target: BuildTarget) -> None:
    names = [f"{'x' * 30}{number}" for number in range(9)]
    write_wrappers(build_target, "".join(f"#[apart]\npub mod {name};\n" for name in names), **dict.fromkeys(names, ""))
    build_target = dataclasses.replace(build_target)
    every = [f"kernel_{name}" for name in names]
    assert len(wrapper_crates(build_target).crates) == len(every)
    sets = [NamedInCode(frozenset(every[:count]), frozenset()) for count in range(1, len(every) + 1)]
    keys = [facade_of(build_target, named).key for named in sets]
    assert len(set(keys)) == len(every)
    assert keys[1] == "+".join(names[:2])
    assert all(len(key) <= LONGEST_KEY for key in keys)


def declaring(build_target: BuildTarget, directory: Path, text: str) -> tuple[list[str], bool, str]:
    """Of a module with this code: whose parts of the bindings it gets, whether the modules' part, and the key."""
    write(directory / "rust_echo.rs", text)
    (facade,) = facades_of_module(build_target, module_at(directory))
    return (
        [crate.label for crate in facade.declaring],
        facade.with_modules_part,
        facade.key,
    )


def module_at(directory: Path) -> Manifest:
    text = (directory / "rust_echo.rs").read_text()
    manifest = module(directory)
    write(directory / "rust_echo.rs", text)
    return manifest


def test_a_module_gets_the_parts_of_the_bindings_that_it_names(build_target: BuildTarget, tmp_path: Path) -> None:
    sources = {"tree": "bindings::rb_root", "list": "bindings::list_head", "misc": "bindings::list_head", "error": "HZ"}
    lib = "".join(f"#[apart]\npub mod {name};\n" for name in sources if name != "error") + "pub mod error;"
    write_wrappers(build_target, lib, **sources)
    found = [
        declaring(build_target, tmp_path / str(number), text)
        for number, text in enumerate(
            (
                "use kernel::tree;",
                "kernel::bindings::rb_root",
                # Several crates name it, so it is in the shared part; so is what the base names.
                "kernel::bindings::{list_head, HZ}",
                "use kernel::misc; kernel::bindings::{rb_root, jiffies}",
            )
        )
    ]
    assert found == [
        (["tree"], False, "tree"),
        (["tree"], False, "base-bindings+tree"),
        ([], False, "base"),
        (["tree", "misc"], True, "misc-bindings+tree+modules"),
    ]


def test_own_headers_are_read_with_the_modules_part(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = naming(tmp_path / "m", "tree")
    header = write(tmp_path / "m/own.h", "")
    facade = module_facade(build_target, dataclasses.replace(manifest, bindings=Bindings(own_headers=(header,))))
    assert (facade.with_modules_part, facade.key) == (True, "tree-bindings+modules")
