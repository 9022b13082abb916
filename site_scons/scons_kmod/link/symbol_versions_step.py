# SPDX-License-Identifier: MIT
"""The step that tells modpost a module's symbol CRCs and sources (symbol_versions.py)."""

from __future__ import annotations

import json

from scons_kmod.base.library_process import process_args, process_files
from scons_kmod.c.module_objects import built_files, c_objects, c_sources, searched, source_flags
from scons_kmod.engine.digests import LINES
from scons_kmod.engine.step import Command, Step
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import crate_source, crcs_file, versions_files


def symbol_versions_step(target: BuildTarget, manifest: Manifest) -> Step:
    """What modpost wants to know of the module's sources (versions.py)."""
    made, sources = versions_files(target, manifest)
    request, depfile = made.with_name("versions.json"), made.with_name("versions.d")
    objects = c_objects(target, manifest)
    genksyms = target.tree.path / "scripts/genksyms/genksyms"
    asked = {
        "objects": [
            {
                "object": str(path),
                "source": str(source),
                "depfile": f"{path}.d",
                "of_crate": source == crate_source(target, manifest),
                "cpp": (
                    *(target.toolchain.cc.path, *source_flags(target, manifest, source)),
                    *("-E", "-D__GENKSYMS__", str(source)),
                ),
            }
            for path, source in zip(objects, c_sources(target, manifest), strict=True)
        ],
        "modversions": target.tree.enabled("CONFIG_MODVERSIONS"),
        "all": "-a" in target.kbuild.modpost,
        "genksyms": "" if target.tree.enabled("CONFIG_GENDWARFKSYMS") else str(genksyms),
        "crcs": [str(crcs_file(target, manifest))] if manifest.exports.crate else [],
        "cmd": str(made),
        "sources": str(sources),
        "depfile": str(depfile),
    }
    return Step(
        name="SYMVER",
        unit=manifest.name,
        commands=(Command(process_args(target.system.python, "link.symbol_versions", request), target.tree.path),),
        outputs=(made, sources),
        inputs=(*objects, *((crcs_file(target, manifest),) if manifest.exports.crate else ())),
        tracked=process_files("link.symbol_versions", "base.pipeline", "engine.depfile"),
        depfiles=(depfile,),
        # Without an indent it is a matter of microseconds, for each module of each build.
        written_files=((request, json.dumps(asked)),),
        tools=(target.toolchain.cc.digest,),
        order_only=built_files(target, manifest),
        digest_kind=LINES,
        compare_raw=bool(target.kcflags),
        # modpost makes `srcversion` of the text as it is.
        compare_raw_if=sources,
        # Each source finds headers beside itself first.
        include_directories=(
            *sorted({str(path.parent) for path in c_sources(target, manifest)}),
            *searched(target, manifest),
        ),
    )
