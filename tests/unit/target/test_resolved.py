# SPDX-License-Identifier: MIT
"""The record of what a target came to."""

from __future__ import annotations

import tomllib
from pathlib import Path

import miniature
import pytest

from scons_kmod.target.resolved import resolved_file, write_resolved


def test_the_record_has_every_version_and_is_written_once(tmp_path: Path) -> None:
    target = miniature.target(tmp_path, "6.12")
    write_resolved(target, {"linux-headers-6.12+x": "6.12-1~deb12u1"})
    path = resolved_file(target)
    kept = tomllib.loads(path.read_text())
    assert kept["packages"] == {"linux-headers-6.12+x": "6.12-1~deb12u1"}
    assert kept["tools"]["rustc"]["version"] == target.toolchain.rustc.version
    before = path.stat()
    write_resolved(target, {"linux-headers-6.12+x": "6.12-1~deb12u1"})
    assert path.stat() == before


@pytest.mark.parametrize("damage", ["", "[kernel", "kernel = 1"])
def test_a_damaged_record_is_written_again(tmp_path: Path, damage: str) -> None:
    target = miniature.target(tmp_path, "6.1")
    write_resolved(target, {})
    whole = resolved_file(target).read_text()
    resolved_file(target).write_text(damage)
    write_resolved(target, {})
    assert resolved_file(target).read_text() == whole
