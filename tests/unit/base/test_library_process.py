# SPDX-License-Identifier: MIT
"""Steps that run a module of this library as a process depend on all files of the library that the process reads."""

from __future__ import annotations

import ast
import dataclasses
import sys
from pathlib import Path

import pytest
from miniature import module, target, write

from scons_kmod.base import library_process
from scons_kmod.bindings.bindgen import bindings_step, fingerprint_step
from scons_kmod.bindings.rust_sources import NamingSources
from scons_kmod.crates.export_steps import export_steps
from scons_kmod.crates.local_bindings import local_bindings_steps
from scons_kmod.crates.module_crate import module_crate_step
from scons_kmod.engine.step import Step
from scons_kmod.link.c_object import c_link_step
from scons_kmod.link.rust_object import bundled_object_step
from scons_kmod.link.symbol_versions_step import symbol_versions_step
from scons_kmod.manifest.manifest import MAINLINE
from scons_kmod.manifest.sections.bindings import Bindings
from scons_kmod.manifest.sections.c import CCode
from scons_kmod.manifest.sections.exports import Exports

PROCESSES = {
    "FINGERPRINT": "bindings.fingerprint",
    "BINDGEN": "bindings.generate",
    "LOCAL BINDGEN": "bindings.local_headers",
    "LD": "link.c_and_rust",
    "MAINLINE LD": "link.c_and_rust",
    "SYMVER": "link.symbol_versions",
    "EXPORTS": "crates.export_symbols",
}


@pytest.fixture
def steps(tmp_path: Path) -> dict[str, Step]:
    """Every kind of step that runs a library process."""
    build_target = target(tmp_path)
    source, header = write(tmp_path / "m/a.c", ""), write(tmp_path / "m/own.h", "")
    manifest = dataclasses.replace(
        module(tmp_path / "m"),
        c=CCode((source,)),
        bindings=Bindings(own_headers=(header,)),
        exports=Exports(crate=True),
    )
    mainline = dataclasses.replace(manifest, api=MAINLINE)
    local_bindings = local_bindings_steps(build_target, manifest)
    crates = [module_crate_step(build_target, manifest), *local_bindings]
    *_, exports = export_steps(build_target, manifest, crates)
    return {
        "FINGERPRINT": fingerprint_step(build_target, NamingSources({}, (), ())),
        "BINDGEN": bindings_step(build_target),
        "LOCAL BINDGEN": local_bindings[0],
        "LD": bundled_object_step(build_target, manifest, [tmp_path / "a.o"]),
        "MAINLINE LD": c_link_step(build_target, mainline, Path("/crate.o")),
        "SYMVER": symbol_versions_step(build_target, manifest),
        "EXPORTS": exports,
    }


@pytest.mark.parametrize("step", PROCESSES)
def test_a_step_depends_on_all_files_that_its_process_reads(steps: dict[str, Step], step: str) -> None:
    name = PROCESSES[step]
    prefix = (sys.executable, "-I", library_process.__file__, name)
    assert [command for command in steps[step].commands if command.argv[:4] == prefix]
    tracked = {str(path) for path in steps[step].tracked if path.suffix == ".py"}
    assert tracked == {library_process.__file__, *imported_files(name)}


def imported_files(name: str) -> set[str]:
    """The files of the library that a module imports, also where a function imports them, and the module's own."""
    found: set[Path] = set()
    waiting = [f"scons_kmod.{name}"]
    while waiting:
        parts = waiting.pop().split(".")
        directory = library_process.LIBRARY.parent
        packages = [directory.joinpath(*parts[:n], "__init__.py") for n in range(1, len(parts))]
        path = directory.joinpath(*parts).with_suffix(".py")
        if path.is_file() and path not in found:
            found |= {path, *packages}
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("scons_kmod"):
                    # `from scons_kmod.base import pipeline` imports a module, any other a name of a module.
                    waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return {str(path) for path in found}
