# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from miniature import write

from scons_kmod.engine.depfile import read_depfile
from scons_kmod.link.symbol_versions import main

EXPORTING = b"\x7fELF\0__export_symbol_f\0"
# The preprocessor's stand-in writes what it read, and the depfile that its last word but one asks for.
CPP = """
for word; do last=$word; done
depfile=${last#-Wp,-MD,}
echo "x: $SOURCE $HEADER" >"$depfile"
cat "$SOURCE"
"""
GENKSYMS = 'while read word; do echo "#SYMVER $word 0x1234"; done'


class Module:
    """A module of C in a directory, with a preprocessor and a genksyms of shell."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.header = write(directory / "else where/x.h", "")
        self.genksyms = write(directory / "genksyms", f"#!/bin/sh\n[ \"$*\" = '-r /dev/null' ]\n{GENKSYMS}\n", 0o755)
        self.request: dict[str, Any] = {
            "objects": [],
            "modversions": True,
            "all": False,
            "crcs": [],
            "genksyms": str(self.genksyms),
            "cmd": str(directory / "out/.m.o.cmd"),
            "sources": str(directory / "out/m.sources"),
            "depfile": str(directory / "out/m.d"),
        }
        (directory / "out").mkdir()

    def source(self, name: str, text: str, content: bytes, *headers: Path) -> Path:
        """One source, what its object has, and what it reads."""
        source = write(self.directory / name, text)
        path = self.directory / "out" / f"{name.replace('/', '_')}.o"
        path.write_bytes(content)
        write(Path(f"{path}.d"), f"{path}: {source} {' '.join(map(str, headers))}\n")
        cpp = write(
            Path(f"{path}.cpp"),
            f"#!/bin/sh\nSOURCE='{source}' HEADER='{str(self.header).replace(' ', chr(92) + ' ')}'\n{CPP}\n",
            0o755,
        )
        entry = {
            "object": str(path),
            "source": str(source),
            "depfile": f"{path}.d",
            "cpp": [str(cpp)],
            "of_crate": False,
        }
        self.request["objects"].append(entry)
        return source

    def run(self, **changes: object) -> tuple[int, str, str]:
        """The exit status, and the .cmd file and the sources that are written."""
        status = main({**self.request, **changes})
        cmd, sources = Path(self.request["cmd"]), Path(self.request["sources"])
        return status, cmd.read_text() if cmd.exists() else "", sources.read_text() if sources.exists() else ""

    def read(self) -> set[Path]:
        """What the step is known to have read."""
        return set(read_depfile(Path(self.request["depfile"]), Path("/")))


@pytest.fixture
def c_module(tmp_path: Path) -> Module:
    return Module(tmp_path)


def test_a_module_without_exports_and_version_needs_nothing(c_module: Module) -> None:
    c_module.source("a.c", "f\n", b"\x7fELF")
    c_module.genksyms.unlink()
    assert c_module.run() == (0, "\n", "")
    assert c_module.read() == set()


@pytest.mark.parametrize("mark", [EXPORTING, b"__ksymtab_f\0"])
def test_exported_symbols_have_crcs(c_module: Module, mark: bytes) -> None:
    a = c_module.source("a.c", "f\n", mark)
    c_module.source("b.c", "nothing\n", b"\x7fELF")
    c = c_module.source("c.c", "g\nh\n", mark)
    assert c_module.run() == (0, "\n#SYMVER f 0x1234\n#SYMVER g 0x1234\n#SYMVER h 0x1234\n", "")
    assert c_module.read() == {a, c, c_module.header}, "with the header that lies in a directory with a blank"


def test_assembly_that_exports_by_itself_gets_a_hint(c_module: Module, capfd: pytest.CaptureFixture[str]) -> None:
    source = c_module.source("f.S", "f\n", EXPORTING)
    assert c_module.run() == (0, "\n", ""), "as with Kbuild the symbol has no CRC"
    assert capfd.readouterr().out.startswith(f"{source}: assembly has no types")
    assert c_module.run(modversions=False)[0] == 0
    assert capfd.readouterr().out == ""


def test_crcs_of_a_crate_are_known(c_module: Module) -> None:
    c_module.source("crate.c", "f\n", EXPORTING)
    c_module.request["objects"][0]["of_crate"] = True
    known = write(c_module.directory / "crate.crcs", "#SYMVER f 0x5\n")
    assert c_module.run(crcs=[str(known)]) == (0, "\n#SYMVER f 0x5\n", "")


def test_a_kernel_without_versions_needs_no_crcs(c_module: Module) -> None:
    c_module.source("a.c", "f\n", EXPORTING)
    assert c_module.run(modversions=False) == (0, "\n", "")


def test_crcs_of_debug_information_are_not_supported(c_module: Module, capfd: pytest.CaptureFixture[str]) -> None:
    c_module.source("a.c", "f\n", EXPORTING)
    assert c_module.run(genksyms="")[0] == 1
    assert "gendwarfksyms" in capfd.readouterr().out
    assert c_module.run(genksyms="", modversions=False)[0] == 0


def test_a_preprocessor_that_fails_is_an_error(c_module: Module, capfd: pytest.CaptureFixture[str]) -> None:
    c_module.source("a.c", "f\n", EXPORTING)
    c_module.request["objects"][0]["cpp"] = ["false"]
    assert c_module.run()[0] == 1
    assert "'false'" in capfd.readouterr().err


def test_a_version_asks_for_the_sources_with_their_own_headers(c_module: Module) -> None:
    near, far = write(c_module.directory / "a.h", "near\n"), write(c_module.directory / "include/b.h", "far\n")
    a = c_module.source("a.c", "one\n", b"\0version=1\0", near, far)
    b = c_module.source("src/b.c", "two\n", b"\x7fELF", near)
    status, cmd, sources = c_module.run()
    assert (status, sources) == (0, "one\nnear\ntwo\n"), "as modpost has it: those in the source's directory"
    assert cmd == f"\nsource_m.o := {c_module.request['sources']}\n"
    assert c_module.read() == {a, b, near}


def test_a_kernel_may_want_the_sources_of_all_modules(c_module: Module) -> None:
    c_module.source("a.c", "one\n", b"\x7fELF")
    assert c_module.run(all=True)[2] == "one\n"


def test_both_at_once(c_module: Module) -> None:
    c_module.source("a.c", "f\n", EXPORTING + b"\0version=1\0")
    assert c_module.run()[1] == f"\n#SYMVER f 0x1234\nsource_m.o := {c_module.request['sources']}\n"
