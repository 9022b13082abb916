# SPDX-License-Identifier: MIT
"""A module with a [package] in its manifest."""

from __future__ import annotations

from pathlib import Path

from miniature import write

from scons_kmod.manifest.read import read_manifest
from scons_kmod.manifest.sections.package import PackageInfo

WHOLE = {
    "version": '"1.0"',
    "date": "2026-02-03",
    "maintainer": '"A B <a@b.org>"',
    "summary": '"s"',
    "license": '"GPL-2.0-only"',
}


def info(directory: Path, **changed: str) -> PackageInfo | None:
    write(directory / "x.rs", "")
    lines = "".join(f"{key} = {value}\n" for key, value in {**WHOLE, **changed}.items() if value)
    return read_manifest(write(directory / "module.toml", f'[module]\nname = "x"\n[package]\n{lines}')).package
