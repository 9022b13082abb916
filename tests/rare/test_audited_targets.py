# SPDX-License-Identifier: MIT
"""``AUDIT=1`` for the other targets. The library crates are compiled, too, not taken from the cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from audited import audited_build, project_checkout
from scons_kmod.base.directories import cache_directory


@pytest.fixture
def cache_without_crates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache directory with the downloads of the other, but without compiled crates."""
    shared = cache_directory()
    cache = tmp_path / "cache"
    cache.mkdir()
    for path in shared.iterdir():
        if path.name not in ("crates", "kernel-crates"):
            (cache / path.name).symlink_to(path)
    monkeypatch.setenv("SCONS_KMOD_CACHE", str(cache))


@pytest.mark.parametrize("target", ["debian-6.1", "debian-6.12-trixie", "debian-7.2"])
@pytest.mark.usefixtures("cache_without_crates")
def test_every_read_is_known(tmp_path: Path, target: str) -> None:
    summary = audited_build(project_checkout(tmp_path / "checkout"), target)
    assert not [line for line in summary if "not audited" in line]
