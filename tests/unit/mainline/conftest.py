# SPDX-License-Identifier: MIT
"""Kernels whose crates are rebuilt or carried, and a module."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from mainline_kernel import mainline
from miniature import module

from scons_kmod.mainline.mainline import Mainline
from scons_kmod.manifest.manifest import Manifest


@pytest.fixture
def rebuilt(tmp_path: Path) -> Mainline:
    return mainline(tmp_path)


@pytest.fixture
def carrying(tmp_path: Path) -> Mainline:
    return mainline(tmp_path, "carried")


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return dataclasses.replace(module(tmp_path / "elsewhere"), api="mainline")
