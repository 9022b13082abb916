# SPDX-License-Identifier: MIT
"""Directories that don't depend on the project that is built: of this library, of its sources, and of the cache."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path

from scons_kmod.base.errors import MachineError

# The directory of the Python package scons_kmod.
LIBRARY = Path(__file__).parents[1]


def sources_directory() -> Path:
    """The directory that holds rust/, kernel/ and targets/: the checkout, or a part of the installed package."""
    checkout = LIBRARY.parents[1]
    return checkout if (checkout / "kernel/lib.rs").is_file() else LIBRARY / "home"


def cache_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """The directory for downloads and for build results that all checkouts of a user share.

    The path is absolute. The directory may not exist yet. ``SCONS_KMOD_CACHE`` names it. Without that it is
    ``scons-kmod`` in the XDG cache directory, where a relative ``XDG_CACHE_HOME`` counts as unset (XDG Base Directory
    Specification). Raises `MachineError` if HOME is needed and not set.
    """
    if chosen := environ.get("SCONS_KMOD_CACHE"):
        return Path(chosen).absolute()
    xdg = Path(environ.get("XDG_CACHE_HOME", ""))
    if xdg.is_absolute():
        return xdg / "scons-kmod"
    if user_home := environ.get("HOME"):
        return Path(user_home).absolute() / ".cache/scons-kmod"
    raise MachineError("no cache directory can be chosen: HOME is not set", fix="set SCONS_KMOD_CACHE=DIR")


def elftools_directory() -> Path:
    """The directory of pyelftools, which is found without importing it: that costs too much for a null build.

    Raises `ModuleNotFoundError`.
    """
    spec = importlib.util.find_spec("elftools")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("elftools")
    return Path(spec.origin).parent
