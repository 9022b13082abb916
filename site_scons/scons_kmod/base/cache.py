# SPDX-License-Identifier: MIT
"""The cache directory: what all checkouts of one user share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from scons_kmod.base.errors import MachineError


def cache_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Where downloads and shared build results go; absolute, perhaps not made yet.

    ``SCONS_KMOD_CACHE`` names it; else it is ``scons-kmod`` in the XDG cache directory, where a relative
    ``XDG_CACHE_HOME`` counts as unset (XDG Base Directory Specification). Raises `MachineError` without a home.
    """
    if own := environ.get("SCONS_KMOD_CACHE"):
        return Path(own).absolute()
    xdg = Path(environ.get("XDG_CACHE_HOME", ""))
    if xdg.is_absolute():
        return xdg / "scons-kmod"
    if home := environ.get("HOME"):
        return Path(home).absolute() / ".cache/scons-kmod"
    raise MachineError("there is no place for the cache directory: HOME is not set", fix="set SCONS_KMOD_CACHE=DIR")
