# SPDX-License-Identifier: MIT
"""Writes what modpost needs of a module's C sources: the CRCs of exported symbols, and the sources for `srcversion`.

modpost finds both by the ``.cmd`` file of an object (scripts/mod/modpost.c, extract_crcs_for_object; sumversion.c).
modpost gets one object of a module here, and so one file with the text of all its sources. base/library_process.py runs
this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scons_kmod.base import pipeline
from scons_kmod.engine.depfile import depfile_text, read_depfile

ASSEMBLY = ".S"
# The symbols that EXPORT_SYMBOL leaves in an object, since 6.4 and before (include/linux/export.h).
EXPORTED = (b"__export_symbol_", b"__ksymtab_")
# What MODULE_VERSION leaves in .modinfo. modpost reads the sources only of a module with it, or with its option -a.
VERSION = b"version="


def main(request: dict[str, Any]) -> int:
    """Write the ``.cmd`` file ``cmd`` of the module, its ``sources`` in one file, and the ``depfile``.

    Each of ``objects`` has its ``object``, ``source``, ``depfile``, and ``cpp``, the command that preprocesses the
    source. ``of_crate`` is true for the source that exports a crate; its CRCs are in the files ``crcs``.

    Returns the exit status.
    """
    contents = {entry["object"]: Path(entry["object"]).read_bytes() for entry in request["objects"]}
    preprocessed: list[Path] = []
    lines = [Path(path).read_text() for path in request["crcs"]]
    for entry in request["objects"]:
        exports = any(mark in contents[entry["object"]] for mark in EXPORTED)
        if request["modversions"] and exports and entry["source"].endswith(ASSEMBLY):
            print(f"{entry['source']}: assembly has no types for CRCs; list its exported symbols in [exports] symbols")
        elif request["modversions"] and exports and not entry["of_crate"]:
            if not request["genksyms"]:
                print("this kernel computes CRCs from debug information (gendwarfksyms), which is not supported")
                return 1
            crcs = Path(f"{entry['object']}.symvers")
            programs = [[*entry["cpp"], f"-Wp,-MD,{crcs}.d"], [request["genksyms"], "-r", "/dev/null"]]
            if pipeline.main({"programs": programs, "output": str(crcs)}):
                return 1
            lines.append(crcs.read_text())
            preprocessed += read_depfile(Path(f"{crcs}.d"), Path.cwd())
    has_version = request["all"] or any(VERSION in data for data in contents.values())
    sources = [path for entry in request["objects"] if has_version for path in srcversion_sources(entry)]
    sources_file = Path(request["sources"])
    sources_file.write_bytes(b"".join(path.read_bytes() for path in sources))
    if has_version:
        lines.append(f"source_{sources_file.stem}.o := {sources_file}\n")
    # modpost looks for "\n#SYMVER ".
    Path(request["cmd"]).write_text("\n" + "".join(lines))
    Path(request["depfile"]).write_text(depfile_text(request["cmd"], map(str, (*preprocessed, *sources))))
    return 0


def srcversion_sources(entry: dict[str, Any]) -> Iterator[Path]:
    """The source of an object, and the files that it includes from its own directory.

    modpost takes the same (scripts/mod/sumversion.c, parse_source_files).
    """
    source = Path(entry["source"])
    yield source
    for path in read_depfile(Path(entry["depfile"]), Path.cwd()):
        if path.parent == source.parent and path != source:
            yield path
