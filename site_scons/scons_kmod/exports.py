# SPDX-License-Identifier: MIT
"""Symbols of Rust and assembly that a module exports: a C source says so for them, as its headers declare them."""

from __future__ import annotations

from pathlib import Path

from scons_kmod.build_target import BuildTarget
from scons_kmod.crates import module_dir
from scons_kmod.manifest import Manifest


def export_source(target: BuildTarget, manifest: Manifest) -> Path:
    """The C source that exports the symbols of `[exports] symbols`."""
    return module_dir(target, manifest) / "exports.c"


def export_text(manifest: Manifest) -> str:
    """The text of `export_source`. A namespace is a string since 6.13 (include/linux/export.h), before a bare word."""
    exports = manifest.exports
    headers = "".join(f'#include "{path}"\n' for path in exports.headers)
    gpl = "_GPL" if exports.gpl else ""
    if not exports.namespace:
        lines = [f"EXPORT_SYMBOL{gpl}({symbol});" for symbol in exports.symbols]
        return f"#include <linux/export.h>\n{headers}" + "".join(f"{line}\n" for line in lines)
    word = "KMOD_NAMESPACE"
    lines = [f"EXPORT_SYMBOL_NS{gpl}({symbol}, {word});" for symbol in exports.symbols]
    return (
        f"#include <linux/export.h>\n#include <linux/version.h>\n{headers}"
        "#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)\n"
        f'#define {word} "{exports.namespace}"\n'
        f"#else\n#define {word} {exports.namespace}\n#endif\n" + "".join(f"{line}\n" for line in lines)
    )
