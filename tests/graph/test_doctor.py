# SPDX-License-Identifier: MIT
"""`scons doctor`, as a user runs it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from checkout import SCONS, Checkout


def doctor(checkout: Checkout, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*SCONS, "-s", *args, "doctor"),
        cwd=checkout.path,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_builds_and_downloads_nothing(other_checkout: Checkout, tmp_path: Path) -> None:
    done = doctor(other_checkout, "TARGET=debian-6.12", SCONS_KMOD_CACHE=str(tmp_path / "cache"))
    assert "not fetched yet; `scons` downloads it (linux-headers-{release})" in done.stdout
    assert done.stderr == ""
    assert not (other_checkout.path / "build").exists()
    assert not (tmp_path / "cache").exists()


def test_it_tells_the_whole_machine_of_these_tests(checkout: Checkout) -> None:
    before = (checkout.target / "last-run.json").stat()
    done = doctor(checkout)
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("\nNothing is missing.\n")
    assert done.stderr == ""
    assert (checkout.target / "last-run.json").stat() == before


def test_a_mistake_in_a_manifest_does_not_keep_it_from_reporting(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "module.toml").write_text("[module\n")
    assert doctor(checkout, f"MODULES={tmp_path}").stdout.endswith("\nNothing is missing.\n")


def test_what_is_missing_is_its_exit_status(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    done = doctor(checkout, PATH=str(tmp_path / "bin"))
    assert done.returncode == 1
    assert "! make " in done.stdout
    assert "apt-get install make\n" in done.stdout
