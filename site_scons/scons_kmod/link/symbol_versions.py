# SPDX-License-Identifier: MIT
"""What modpost asks of a module's C sources: the CRCs of exported symbols, and the sources for `srcversion`.

modpost finds both by an object's ``.cmd`` file (scripts/mod/modpost.c, extract_crcs_for_object; sumversion.c). One
object stands for the whole module here, and so one file for all of its sources. Run by program.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scons_kmod.base import pipeline
from scons_kmod.engine.depfile import read_depfile

ASSEMBLY = ".S"
# The symbols that EXPORT_SYMBOL leaves in an object, since 6.4 and before (include/linux/export.h).
EXPORTED = (b"__export_symbol_", b"__ksymtab_")
# What MODULE_VERSION leaves in .modinfo: only then modpost wants to know the sources, or with its option -a.
VERSION = b"version="


def main(request: dict[str, Any]) -> int:
    """Write the ``.cmd`` file ``cmd`` of the module, its ``sources`` in one file, and the ``depfile``.

    Each of ``objects`` has its ``object``, ``source``, ``depfile``, and ``cpp``, the command that preprocesses it;
    ``of_crate`` is the one that exports a crate, for which the files ``crcs`` are there. Returns the exit status.
    """
    whole = {one["object"]: Path(one["object"]).read_bytes() for one in request["objects"]}
    read: list[Path] = []
    lines = [Path(path).read_text() for path in request["crcs"]]
    for one in request["objects"]:
        exports = any(mark in whole[one["object"]] for mark in EXPORTED)
        if request["modversions"] and exports and one["source"].endswith(ASSEMBLY):
            print(f"{one['source']}: assembly has no types to make CRCs of: name what it exports in [exports] symbols")
        elif request["modversions"] and exports and not one["of_crate"]:
            if not request["genksyms"]:
                print("this kernel makes CRCs of debug information (gendwarfksyms), which is not supported")
                return 1
            crcs = Path(f"{one['object']}.symvers")
            programs = [[*one["cpp"], f"-Wp,-MMD,{crcs}.d"], [request["genksyms"], "-r", "/dev/null"]]
            if pipeline.main({"programs": programs, "output": str(crcs)}):
                return 1
            lines.append(crcs.read_text())
            read += read_depfile(Path(f"{crcs}.d"), Path.cwd())
    sources = Path(request["sources"])
    versioned = request["all"] or any(VERSION in data for data in whole.values())
    summed = [path for one in request["objects"] if versioned for path in srcversion_sources(one)]
    sources.write_bytes(b"".join(path.read_bytes() for path in summed))
    if versioned:
        lines.append(f"source_{sources.stem}.o := {sources}\n")
    # modpost looks for "\n#SYMVER ".
    Path(request["cmd"]).write_text("\n" + "".join(lines))
    Path(request["depfile"]).write_text(f"{request['cmd']}: {' '.join(map(depfile_escaped, (*read, *summed)))}\n")
    return 0


def srcversion_sources(one: dict[str, Any]) -> Iterator[Path]:
    """A source and what it reads of its own directory (sumversion.c, parse_source_files)."""
    source = Path(one["source"])
    yield source
    for path in read_depfile(Path(one["depfile"]), Path.cwd()):
        if path.parent == source.parent and path != source:
            yield path


def depfile_escaped(path: Path) -> str:
    """A path as a depfile has it."""
    return re.sub(r"([\\\s#])", r"\\\1", str(path)).replace("$", "$$")
