# SPDX-License-Identifier: MIT
"""Another build of rustc makes every crate anew, the library crates too."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from checkout import Checkout
from scons_kmod.base.directories import cache_directory


@pytest.fixture
def unspoilt_cache() -> Iterator[None]:
    """The crates in the cache are those that were there before."""
    crates = cache_directory() / "crates"
    before = set(crates.iterdir())
    yield
    for path in set(crates.iterdir()) - before:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def units_of_rustc(checkout: Checkout) -> set[str]:
    """What the last build has compiled with rustc."""
    return {unit for step, unit in checkout.ran() if step == "RUSTC"}


@pytest.mark.usefixtures("unspoilt_cache")
def test_another_rustc_runs_all_of_rustc(
    other_checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_checkout.scons()
    before = other_checkout.modules()
    compiled = units_of_rustc(other_checkout)
    toolchain = json.loads((other_checkout.target / "config/toolchain.json").read_text())["answer"]
    real = Path(toolchain["rustc"]["path"])
    (tmp_path / "rustc").write_bytes(real.read_bytes() + b"another build")
    (tmp_path / "rustc").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    other_checkout.scons()
    modules = {name.removesuffix(".ko") + ".o" for name in before}
    assert modules | {"macros", "bindings", "kernel_base", "kernel_miscdev", "kernel (base)"} <= compiled
    # The first build may have found the library crates in the cache.
    assert units_of_rustc(other_checkout) == compiled | {"library"}
    assert other_checkout.modules() == before, "its code makes the same"
