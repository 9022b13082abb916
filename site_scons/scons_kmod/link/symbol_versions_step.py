# SPDX-License-Identifier: MIT
"""The step that writes a module's symbol CRCs and sources for modpost (symbol_versions.py)."""

from __future__ import annotations

import json

from scons_kmod.base.library_process import process_args, process_files
from scons_kmod.c.module_objects import built_sources, c_depfile, c_objects, c_sources
from scons_kmod.c.source_flags import module_include_directories, source_flags
from scons_kmod.engine.digests import LINES
from scons_kmod.engine.step import Command, Step
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import crcs_file, exports_source, modpost_cmd_files


def symbol_versions_step(target: BuildTarget, manifest: Manifest) -> Step:
    """Write the ``.cmd`` file of a module's object for modpost, and the file with the text of the module's sources."""
    cmd_file, sources = modpost_cmd_files(target, manifest)
    request_file, depfile = cmd_file.with_name("versions.json"), cmd_file.with_name("versions.d")
    objects = c_objects(target, manifest)
    depfiles = tuple(map(c_depfile, objects))
    genksyms = target.tree.path / "scripts/genksyms/genksyms"
    request = {
        "objects": [
            {
                "object": str(path),
                "source": str(source),
                "depfile": str(includes),
                "of_crate": source == exports_source(target, manifest),
                "cpp": (
                    *(target.toolchain.cc.path, *source_flags(target, manifest, source)),
                    *("-E", "-D__GENKSYMS__", str(source)),
                ),
            }
            for path, source, includes in zip(objects, c_sources(target, manifest), depfiles, strict=True)
        ],
        "modversions": target.tree.enabled("CONFIG_MODVERSIONS"),
        "all": "-a" in target.kbuild.modpost,
        "genksyms": "" if target.tree.enabled("CONFIG_GENDWARFKSYMS") else str(genksyms),
        "crcs": [str(crcs_file(target, manifest))] if manifest.exports.crate else [],
        "cmd": str(cmd_file),
        "sources": str(sources),
        "depfile": str(depfile),
    }
    return Step(
        name="SYMVER",
        unit=manifest.name,
        commands=(Command(process_args(target.system.python, "link.symbol_versions", request_file), target.tree.path),),
        outputs=(cmd_file, sources),
        inputs=(*objects, *depfiles, *((crcs_file(target, manifest),) if manifest.exports.crate else ())),
        tracked=process_files("link.symbol_versions", "base.pipeline", "engine.depfile"),
        depfiles=(depfile,),
        # Without an indent: every build computes this text for every module, and an indent would cost more time.
        written_files=((request_file, json.dumps(request)),),
        tools=(target.toolchain.cc.digest,),
        order_only=built_sources(target, manifest),
        digest_kind=LINES,
        compare_raw=bool(target.kcflags),
        # modpost computes `srcversion` from the raw text.
        compare_raw_if=sources,
        # A source finds the headers in its own directory first.
        include_directories=(
            *sorted({str(path.parent) for path in c_sources(target, manifest)}),
            *module_include_directories(target, manifest),
        ),
    )
