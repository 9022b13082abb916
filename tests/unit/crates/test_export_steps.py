# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path

import pytest
from miniature import target, write

from scons_kmod.crates import export_symbols
from scons_kmod.crates.export_steps import export_steps
from scons_kmod.crates.local_outputs import module_rmeta
from scons_kmod.crates.module_crate import module_crate_step
from scons_kmod.kernel.kernel_tree import open_tree
from scons_kmod.link.rust_object import rust_link_step
from scons_kmod.manifest.manifest import BUNDLED, MAINLINE, Manifest
from scons_kmod.manifest.sections.depends import Depends
from scons_kmod.manifest.sections.exports import Exports
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import crate_object, exports_source, renames_file, renames_files
from scons_kmod.target.provider import REBUILT, Provider


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


@pytest.fixture
def ring(tmp_path: Path) -> Manifest:
    root = write(tmp_path / "ring/ring.rs", "#![no_std]\n")
    return Manifest("ring", root.parent, root, None, exports=Exports(crate=True))


@pytest.fixture
def user(tmp_path: Path, ring: Manifest) -> Manifest:
    root = write(tmp_path / "user/user.rs", "#![no_std]\n")
    return Manifest("user", root.parent, root, None, depends=Depends(("ring",)), needs=(ring,))


def without_versions(build_target: BuildTarget) -> BuildTarget:
    path = build_target.tree.path / "include/config/auto.conf"
    path.write_text(path.read_text().replace("CONFIG_MODVERSIONS=y\n", ""))
    return dataclasses.replace(build_target, tree=open_tree(build_target.tree.path))


def argv(step: object) -> tuple[str, ...]:
    return step.commands[-1].argv  # type: ignore[attr-defined]


def test_a_crate_that_is_exported_leaves_its_metadata(
    build_target: BuildTarget, ring: Manifest, user: Manifest
) -> None:
    step = module_crate_step(build_target, ring)
    assert step.outputs == (crate_object(build_target, ring), module_rmeta(build_target, ring))
    assert any(f"metadata={module_rmeta(build_target, ring)}" in arg for arg in argv(step))
    assert module_crate_step(build_target, user).outputs == (crate_object(build_target, user),)


def test_a_user_is_compiled_against_it(build_target: BuildTarget, ring: Manifest, user: Manifest) -> None:
    step = module_crate_step(build_target, user)
    assert f"--extern=ring={module_rmeta(build_target, ring)}" in argv(step)
    assert module_rmeta(build_target, ring) in step.inputs


@pytest.mark.parametrize(
    "change",
    [{"api": MAINLINE}, {"exports": Exports()}],
    ids=["written to another API", "does not export its crate"],
)
def test_other_modules_can_not_use_it(ring: Manifest, user: Manifest, change: dict[str, object]) -> None:
    assert user.used_crates == (ring,)
    other = dataclasses.replace(ring, **change)  # type: ignore[arg-type]
    assert dataclasses.replace(user, needs=(other,)).used_crates == ()


def test_a_dependency_of_a_used_module_is_not_used_itself(user: Manifest) -> None:
    assert dataclasses.replace(user, depends=Depends(())).used_crates == ()


def test_with_versions_the_crate_is_compiled_with_debug_information_too(
    build_target: BuildTarget, ring: Manifest
) -> None:
    compiled = module_crate_step(build_target, ring)
    debug, symbols = export_steps(build_target, ring, [compiled])
    assert "-Cdebuginfo=2" in argv(debug)
    assert set(debug.outputs).isdisjoint(compiled.outputs)
    assert debug.outputs[0] in symbols.inputs
    # Two runs of rustc in one directory would write files of one name.
    assert f"--out-dir={debug.outputs[0].parent}" in argv(debug)
    assert [arg for arg in argv(debug) if arg.startswith("--emit=") and "metadata" in arg] == []


def test_without_versions_nothing_is_compiled_twice(build_target: BuildTarget, ring: Manifest) -> None:
    build_target = without_versions(build_target)
    (symbols,) = export_steps(build_target, ring, [module_crate_step(build_target, ring)])
    assert symbols.outputs[0] == exports_source(build_target, ring)


def test_a_module_that_exports_no_crate_has_no_such_steps(build_target: BuildTarget, user: Manifest) -> None:
    assert export_steps(build_target, user, [module_crate_step(build_target, user)]) == []


def test_the_link_renames_what_is_exported_and_what_is_used(
    build_target: BuildTarget, ring: Manifest, user: Manifest
) -> None:
    assert renames_files(build_target, ring) == renames_files(build_target, user) == (renames_file(build_target, ring),)
    step = rust_link_step(build_target, user, [crate_object(build_target, user)], Path("/a.a"), "rust/module.lds")
    assert [c for c in step.commands if f"--redefine-syms={renames_file(build_target, ring)}" in c.argv]
    assert renames_file(build_target, ring) in step.inputs


@pytest.mark.parametrize(("provider", "served"), [(REBUILT, False), ("carried", True)])
def test_a_kernel_that_has_the_crates_and_wants_versions_is_not_served(
    build_target: BuildTarget, ring: Manifest, provider: str, served: bool
) -> None:
    build_target = dataclasses.replace(build_target, provider=Provider(provider))
    mainline = dataclasses.replace(ring, api=MAINLINE)
    assert (build_target.skip_reason(mainline) is None) == served
    assert build_target.skip_reason(dataclasses.replace(ring, api=BUNDLED)) is None
    assert without_versions(build_target).skip_reason(mainline) is None


SYMBOLS = """\
int _RNvCs1_4ring3one(void) { return 1; }
int _RNvCs1_4ring3two = 2;
const int _RNvCs1_4ring5three = 3;
static int _RNvCs1_4ring4mine(void) { return _RNvCs1_4ring3two; }
int (*_RNvCs1_4ring4used)(void) = _RNvCs1_4ring4mine;
int init_module(void) { return 0; }
extern int _RNvCs1_5other1f(void);
int _RNvCs1_4ring5early(void) __attribute__((section(".init.text")));
int _RNvCs1_4ring5early(void) { return _RNvCs1_5other1f(); }
char _RNvCs1_4ring7license[] __attribute__((section(".modinfo"))) = "license=GPL";
"""
EXPORTED = ["_RNvCs1_4ring3one", "_RNvCs1_4ring3two", "_RNvCs1_4ring4used", "_RNvCs1_4ring5three"]


def request(directory: Path, debug: list[str]) -> dict[str, object]:
    write(directory / "ring.c", SYMBOLS)
    subprocess.run(["cc", "-c", "-o", directory / "ring.o", directory / "ring.c"], check=True)
    outputs = {name: str(directory / name) for name in ("source", "renames", "crcs")}
    inputs = {"nm": "nm", "objects": [str(directory / "ring.o")], "debug": debug, "crate": "ring", "elftools": "/x"}
    return json.loads(json.dumps({**inputs, **outputs, "head": "HEAD\n", "statement": "EXPORT_SYMBOL_GPL({});"}))


def test_the_symbols_of_a_crate_are_exported_by_their_names(tmp_path: Path) -> None:
    assert export_symbols.main(request(tmp_path, [])) == 0
    lines = "".join(f"extern int {name};\nEXPORT_SYMBOL_GPL({name});\n" for name in EXPORTED)
    assert (tmp_path / "source").read_text() == f"HEAD\n{lines}"
    assert ((tmp_path / "renames").read_text(), (tmp_path / "crcs").read_text()) == ("", "")


def test_with_versions_they_are_exported_by_short_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    types = {name: f"type of {name}" for name in EXPORTED[1:]}
    monkeypatch.setattr("scons_kmod.crates.dwarf_types.symbol_types", lambda path, names: types)  # noqa: ARG005
    assert export_symbols.main(request(tmp_path, ["debug.o"])) == 0
    pairs = dict(line.split() for line in (tmp_path / "renames").read_text().splitlines())
    assert list(pairs) == EXPORTED
    assert all(new.startswith("ring_") and len(new) <= 55 for new in pairs.values())
    assert all(f"EXPORT_SYMBOL_GPL({new});" in (tmp_path / "source").read_text() for new in pairs.values())
    crcs = {line.split()[1]: line.split()[2] for line in (tmp_path / "crcs").read_text().splitlines()}
    assert set(crcs) == set(pairs.values())

    # A symbol whose type is not known depends on all types that are; any other on its own.
    types["_RNvCs1_4ring3two"] = "another type"
    export_symbols.main(request(tmp_path, ["debug.o"]))
    now = {line.split()[1]: line.split()[2] for line in (tmp_path / "crcs").read_text().splitlines()}
    assert {old for old, new in pairs.items() if now[new] != crcs[new]} == set(EXPORTED[:2])


def test_a_long_name_of_a_crate_is_shortened() -> None:
    assert len(export_symbols.short_name("x" * 55, "_RNv")) <= 55
    assert export_symbols.short_name("ring", "_RNvA") != export_symbols.short_name("ring", "_RNvB")
