# SPDX-License-Identifier: MIT
from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from miniature import write
from package_table import info

from scons_kmod.base.errors import UserError
from scons_kmod.manifest.read import read_manifest
from scons_kmod.manifest.sections.package import PackageInfo


def test_what_a_package_says_of_a_module(tmp_path: Path) -> None:
    found = info(tmp_path, homepage='"https://example.org"', description='"d"')
    day = datetime.date(2026, 2, 3)
    assert found == PackageInfo("1.0", day, "A B <a@b.org>", "s", "GPL-2.0-only", "d", "https://example.org")
    assert found.seconds == 1770076800


def test_a_module_that_says_nothing(tmp_path: Path) -> None:
    write(tmp_path / "x.rs", "")
    assert read_manifest(write(tmp_path / "module.toml", '[module]\nname = "x"\n')).package is None


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("version", '"1.0-1"', "'1.0-1' can't be used here\n    use digits, letters, . + and ~, first a digit"),
        ("version", '"v1"', "'v1' can't be used here"),
        ("version", "1.0", "must be a string, not the number 1.0"),
        ("version", "", "is missing"),
        (
            "date",
            '"2026-02-03"',
            'must be a date, not the string "2026-02-03"\n    write it without quotes: 2026-01-31',
        ),
        ("date", "2026-02-03T01:02:03", "must be a date, not the date 2026-02-03 01:02:03"),
        ("maintainer", '"A B"', "'A B' can't be used here\n    write \"Name <name@example.org>\""),
        ("maintainer", '"A\\nB <a@b.org>"', "can't be used here"),
        ("summary", f'"{"x" * 80}"', "must be one line of at most 79 characters\n    put the rest in description"),
        ("summary", '"a\\nb"', "must be one line"),
        ("license", '"GPL;rm"', "'GPL;rm' can't be used here\n    write an SPDX expression: GPL-2.0-only"),
        ("homepage", '"example.org"', "'example.org' is not a web address\n    write https://..."),
        ("versoin", '"1"', 'unknown key\n    did you mean "version"?'),
    ],
)
def test_what_no_package_can_say(tmp_path: Path, key: str, value: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        info(tmp_path, **{key: value})
    assert "module.toml:" in str(caught.value)
    assert f"[package] {key}: " in str(caught.value)
    assert message in str(caught.value)
