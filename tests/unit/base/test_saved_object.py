# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest

from scons_kmod.base.saved_object import load_object, save_object

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
