# SPDX-License-Identifier: MIT
"""A kernel's packages in an archive that the tests fill."""

from __future__ import annotations

from pathlib import Path

import pytest
from debian_archive import Archive

from scons_kmod.distro.target_file import Target, read_target

TARGETS = Path(__file__).parents[3] / "targets"


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    archive = Archive(tmp_path / "archive")
    monkeypatch.setenv("APT_CONFIG", str(archive.path / "apt.conf"))
    return archive


@pytest.fixture
def target() -> Target:
    return read_target(TARGETS / "debian-6.12.toml")


@pytest.fixture
def sourced(tmp_path: Path) -> Target:
    """The target, if it named a package with the kernel's sources and one with more modules."""
    path = tmp_path / "debian-6.12.toml"
    lines = 'source = "linux-source-6.12"\nmodules = ["linux-modules-{release}"]\n\n[toolchain]'
    path.write_text((TARGETS / path.name).read_text().replace("[toolchain]", lines))
    return read_target(path)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"
