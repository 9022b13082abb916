# SPDX-License-Identifier: MIT
"""C sources that the build writes for a module: they export symbols of Rust and assembly, and import namespaces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.sections.exports import Exports
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_dir

# A namespace is a string since 6.13 (include/linux/export.h), and a bare word before.
NAMESPACE_MACRO = """\
#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define {macro} "{name}"
#else
#define {macro} {name}
#endif
"""


def written_sources(target: BuildTarget, manifest: Manifest) -> dict[Path, str]:
    """The paths of the sources, with their texts."""
    directory = module_dir(target, manifest)
    texts = {}
    if manifest.exports.symbols:
        headers = "".join(f'#include "{path}"\n' for path in manifest.exports.headers)
        texts[directory / "exports.c"] = exports_preamble(manifest.exports) + headers + export_lines(manifest)
    if manifest.depends.namespaces:
        texts[directory / "imports.c"] = "#include <linux/module.h>\n" + "".join(import_lines(manifest))
    return texts


def exports_preamble(exports: Exports) -> str:
    """The lines before all exports: the header that is needed, and a macro for the namespace."""
    macro = NAMESPACE_MACRO.format(macro="KMOD_NAMESPACE", name=exports.namespace) if exports.namespace else ""
    return f"#include <linux/export.h>\n{macro}"


def export_line_format(exports: Exports) -> str:
    """The line that exports a symbol, with ``{}`` for its name."""
    gpl = "_GPL" if exports.gpl else ""
    return f"EXPORT_SYMBOL_NS{gpl}({{}}, KMOD_NAMESPACE);" if exports.namespace else f"EXPORT_SYMBOL{gpl}({{}});"


def export_lines(manifest: Manifest) -> str:
    """The lines that export the symbols in the manifest."""
    line = export_line_format(manifest.exports)
    return "".join(f"{line.format(symbol)}\n" for symbol in manifest.exports.symbols)


def import_lines(manifest: Manifest) -> Iterator[str]:
    """The lines that import the namespaces in the manifest."""
    for number, name in enumerate(manifest.depends.namespaces):
        macro = f"KMOD_NAMESPACE_{number}"
        yield f"{NAMESPACE_MACRO.format(macro=macro, name=name)}MODULE_IMPORT_NS({macro});\n"
