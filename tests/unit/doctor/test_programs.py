# SPDX-License-Identifier: MIT
from __future__ import annotations

import sys
from pathlib import Path

import pytest
from miniature import write

from scons_kmod.base.run_log import RunLog
from scons_kmod.doctor.programs import busybox_finding, program_version


def script(directory: Path, text: str) -> str:
    return str(write(directory / "program", f"#!/bin/sh\n{text}\n", 0o755))


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("GNU Make 4.3", "4.3"),
        ("cc (Debian 12.2.0-14+deb12u1) 12.2.0", "12.2.0-14+deb12u1"),
        ("*** Zstandard CLI (64-bit) v1.5.4, by Yann Collet ***", "1.5.4"),
        ("kmod version 30", "30"),
        ("hello", "?"),
    ],
)
def test_versions_are_read_from_what_programs_say(tmp_path: Path, said: str, version: str) -> None:
    assert program_version(script(tmp_path, f"echo '{said}'"), RunLog()) == version


def test_a_program_that_fails_has_no_version(tmp_path: Path) -> None:
    assert program_version(script(tmp_path, "exit 1"), RunLog()) == "?"


def test_a_missing_elf_reader_is_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "busybox").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "elftools.elf.elffile", None)
    finding = busybox_finding()
    assert finding.text == "the Python package pyelftools is not installed"
    assert (finding.missing or "").startswith("apt-get install python3-pyelftools")
