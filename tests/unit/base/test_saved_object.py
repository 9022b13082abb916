# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from scons_kmod.base.atomic import write_text
from scons_kmod.base.saved_object import load_object, save_object
from scons_kmod.engine.views import FileVersion
from scons_kmod.manifest.crate import CrateSpec

VALUE = {"name": ("a", 1, None), "path": Path("/x")}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_object(tmp_path / "deep/saved", "key", VALUE)
    return tmp_path / "deep/saved"


def test_the_object_is_loaded_for_the_same_key_alone(saved: Path) -> None:
    assert load_object(saved, "key") == VALUE
    assert load_object(saved, "other") is None


def test_a_file_that_is_missing_is_no_object(tmp_path: Path) -> None:
    assert load_object(tmp_path / "absent", "key") is None
    assert load_object(tmp_path, "key") is None


def test_no_damage_goes_unnoticed(saved: Path) -> None:
    whole = saved.read_bytes()
    for at in range(len(whole)):
        saved.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert load_object(saved, "key") is None
        saved.write_bytes(whole[:at])
        assert load_object(saved, "key") is None
    saved.write_bytes(whole + b"\0")
    assert load_object(saved, "key") is None


def test_what_is_damaged_is_not_unpickled(saved: Path) -> None:
    # A pickle can call any function.
    saved.write_bytes(saved.read_bytes()[:32] + b"cos\nabort\n(tR.")
    assert load_object(saved, "key") is None


class Runs:
    """What somebody would write to run code in the next build."""

    def __init__(self, function: object, *args: object) -> None:
        self.reduced = (function, args)

    def __reduce__(self) -> Any:
        return self.reduced


@pytest.mark.parametrize("function", [Path.touch, os.mkdir, write_text, eval])
def test_an_object_that_runs_code_is_the_same_as_none(tmp_path: Path, function: object) -> None:
    args = (f"__import__('os').mkdir('{tmp_path}/x')",) if function is eval else (tmp_path / "x",)
    save_object(tmp_path / "saved", "key", Runs(function, *args))
    assert load_object(tmp_path / "saved", "key") is None
    assert not (tmp_path / "x").exists()


def test_records_and_paths_are_loaded(tmp_path: Path) -> None:
    value = {"spec": CrateSpec("x", tmp_path, tmp_path), "view": FileVersion("x", 1), "none": None}
    save_object(tmp_path / "saved", "key", value)
    assert load_object(tmp_path / "saved", "key") == value
