# SPDX-License-Identifier: MIT
"""A build that is killed at any moment leaves nothing that the next one takes for a result."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from checkout import Checkout

# Each state of the sources: edits, each of which changes other steps: a module's crate; the kernel crate that all are
# compiled against, by a comment that moves its lines and a C helper that all are linked with.
EDITS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "none": (),
    "module": (("modules/rust_minimal/rust_minimal.rs", "(init)", "(INIT)"),),
    "shared": (
        ("kernel/lib.rs", "#![no_std]", "#![no_std]\n// A comment that moves every line of the kernel crate."),
        ("rust/helpers/slab.c", "return krealloc(p, size, flags);", "return krealloc(p, size + 1, flags);"),
    ),
}
# A build after any of them takes about three seconds; longer waits find it finished.
LONGEST_WAIT = 3.0


def apply(checkout: Checkout, edit: str, originals: dict[str, str]) -> None:
    texts = dict(originals)
    for name, old, new in EDITS[edit]:
        assert old in texts[name]
        texts[name] = texts[name].replace(old, new, 1)
    for name, text in texts.items():
        if (checkout.path / name).read_text() != text:
            (checkout.path / name).write_text(text)


def remove_what_edits_reach(checkout: Checkout) -> None:
    """Let the next build be one from nothing, but for what no edit here can reach and costs most: the bindings."""
    if (checkout.path / "build").exists():
        directories = (checkout.target / name for name in ("crates/macros", "helpers", "link", "modules"))
        for directory in (*directories, *(checkout.target / "crates").glob("kernel*")):
            shutil.rmtree(directory)


def kill_at(checkout: Checkout, seconds: float, *, tools_too: bool) -> None:
    build = checkout.start()
    time.sleep(seconds)
    with contextlib.suppress(ProcessLookupError):
        kill = os.killpg if tools_too else os.kill
        kill(build.pid, signal.SIGKILL)
    build.wait()


def outputs(checkout: Checkout) -> list[Path]:
    """What may be damaged: not what lies behind a link, in the cache that other builds use at this moment."""
    files = (path for path in checkout.target.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(path for path in files if path.suffix in (".o", ".ko", ".rs", ".a"))


def test_the_build_after_a_killed_build_is_right(
    pytestconfig: pytest.Config, checkout: Checkout, other_checkout: Checkout
) -> None:
    names = {name for edits in EDITS.values() for name, _, _ in edits}
    originals = {name: (checkout.path / name).read_text() for name in names}
    clean: dict[str, dict[str, str]] = {}
    for edit in EDITS:
        apply(other_checkout, edit, originals)
        remove_what_edits_reach(other_checkout)
        other_checkout.scons()
        clean[edit] = other_checkout.modules()
    assert len({tuple(digests.values()) for digests in clean.values()}) == len(EDITS)
    dice = random.Random(20260101)
    for number in range(pytestconfig.getoption("--kill-rounds")):
        edit = dice.choice(list(EDITS))
        apply(checkout, edit, originals)
        kill_at(checkout, dice.uniform(0.1, LONGEST_WAIT), tools_too=dice.random() < 0.5)
        if dice.random() < 0.5:
            edit = dice.choice(list(EDITS))
            apply(checkout, edit, originals)
        if dice.random() < 0.4:
            victim = dice.choice(outputs(checkout))
            os.truncate(victim, dice.randrange(victim.stat().st_size + 1))
        checkout.scons()
        assert checkout.modules() == clean[edit], f"round {number}: {edit}"
    apply(checkout, "none", originals)
    checkout.scons()
