# SPDX-License-Identifier: MIT
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from miniature import target, write

from scons_kmod.c.written_sources import written_sources
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.sections.depends import Depends
from scons_kmod.manifest.sections.exports import Exports

# The kernel's headers in miniature.
HEADER = """
#define MODULE_IMPORT_NS(ns) import ns
#define EXPORT_SYMBOL(name) export name any
#define EXPORT_SYMBOL_GPL(name) export name gpl
#define EXPORT_SYMBOL_NS(name, ns) export name any ns
#define EXPORT_SYMBOL_NS_GPL(name, ns) export name gpl ns
"""
VERSION = "#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))\n#define LINUX_VERSION_CODE {code}\n"
V6_12, V6_13 = 6 << 16 | 12 << 8 | 99, 6 << 16 | 13 << 8


def lines(directory: Path, code: int = V6_12, **tables: object) -> dict[str, list[str]]:
    """The preprocessed lines of the sources, by their names."""
    for name in ("export", "module"):
        write(directory / f"linux/{name}.h", HEADER)
    write(directory / "linux/version.h", VERSION.format(code=code))
    manifest = Manifest("m", directory, None, None, **tables)
    build_target = target(directory / "target")
    found = {}
    for path, text in written_sources(build_target, manifest).items():
        assert path.parent == build_target.build / "modules/m"
        argv = ["cpp", "-P", f"-I{directory}", write(directory / "x.c", text)]
        found[path.name] = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split(";\n")[:-1]
    return found


@pytest.mark.parametrize(("license_", "expected"), [("GPL", "gpl"), ("any", "any")])
def test_each_symbol_is_exported_after_the_headers_that_declare_it(
    tmp_path: Path, license_: str, expected: str
) -> None:
    first, second = write(tmp_path / "a b.h", "int f(void);\n"), write(tmp_path / "c.h", "extern int x;\n")
    assert lines(tmp_path, exports=Exports(("f", "x"), (first, second), license=license_)) == {
        "exports.c": ["int f(void)", "extern int x", f"export f {expected}", f"export x {expected}"]
    }


@pytest.mark.parametrize(("code", "namespace"), [(V6_12, "MY_NS"), (V6_13, '"MY_NS"')])
@pytest.mark.parametrize("license_", ["GPL", "any"])
def test_a_namespace_is_written_as_the_kernel_wants_it(
    tmp_path: Path, code: int, namespace: str, license_: str
) -> None:
    exports = Exports(("f",), (write(tmp_path / "a.h", ""),), namespace="MY_NS", license=license_)
    assert lines(tmp_path, code, exports=exports) == {"exports.c": [f"export f {license_.lower()} {namespace}"]}


@pytest.mark.parametrize(("code", "quote"), [(V6_12, ""), (V6_13, '"')])
def test_so_are_namespaces_that_are_imported(tmp_path: Path, code: int, quote: str) -> None:
    found = lines(tmp_path, code, depends=Depends(namespaces=("ONE", "TWO")))
    assert found == {"imports.c": [f"import {quote}ONE{quote}", f"import {quote}TWO{quote}"]}


def test_a_module_that_exports_and_imports_nothing_has_no_such_source(tmp_path: Path) -> None:
    assert lines(tmp_path, exports=Exports(include=(tmp_path,)), depends=Depends(("x",))) == {}
