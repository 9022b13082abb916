# SPDX-License-Identifier: MIT
"""Modules whose steps a build does not plan, and what makes it plan and build them all the same."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from checkout import MODULES, Checkout
from wrapper_users import users

# SConstruct, which prints each module whose steps are planned, and why groups of steps are.
SHOWN = """\
import importlib

from scons_kmod.engine.step_groups import StepGroups

env = Environment(tools=["kmod"])
builders = importlib.import_module("kmod.builders")
unplanned = importlib.import_module("kmod.unplanned")
plan, opened, is_up_to_date = builders.module_steps, unplanned.opened_groups, StepGroups.is_up_to_date


def shown_groups(session, target):
    groups = opened(session, target)
    print("groups of", target.name, groups and sorted(groups._saved.groups))
    return groups


def explained(groups, name, outputs, doubtful, attached):
    group = groups._saved.groups.get(name)
    if is_up_to_date(groups, name, outputs, doubtful, attached):
        return True
    if group is None:
        print("because", name, "was not up to date in the last run")
    else:
        shared = [groups._saved.shared[key] for key in group.shared_keys]
        changed = [
            (path, stat, groups.digests.stat(path))
            for snapshot in (group.snapshot, *shared)
            for path, stat in snapshot.items()
            if groups.digests.stat(path) != stat
        ]
        print("because", name, changed[:3], sorted(doubtful & {*group.sources})[:3])
    return False


unplanned.opened_groups, StepGroups.is_up_to_date = shown_groups, explained


def shown(env, target, manifest, *arguments):
    print("planned", manifest.name)
    return plan(env, target, manifest, *arguments)


builders.module_steps = shown
for target in env.KmodTargets():
    for manifest in env.KmodManifests():
        env.KernelModule(target, manifest)
env.KmodCommands()
"""


def planned(checkout: Checkout, *args: str) -> list[str]:
    """Build, and say which modules' steps were planned."""
    path = checkout.path / "SConstruct.shown"
    path.write_text(SHOWN)
    # What was written just now is no part of a snapshot.
    time.sleep(0.1)
    printed = checkout.scons("-f", str(path), *args).stdout
    print(printed)
    lines = printed.splitlines()
    return [line.removeprefix("planned ") for line in lines if line.startswith("planned ")]


@pytest.fixture
def settled(checkout: Checkout) -> Checkout:
    """A checkout in which nothing has changed since a build found everything up to date."""
    time.sleep(0.03)
    checkout.scons()
    if planned(checkout):
        # The first run has found that what the last test has built is up to date.
        assert planned(checkout) == []
    return checkout


def test_the_other_commands_plan_all_steps(settled: Checkout) -> None:
    assert planned(settled, "why", "MODULE=rust_minimal") == list(MODULES)
    assert planned(settled, "rust_minimal") == []
    assert planned(settled, "-n") == []


def keep_size_and_time(path: Path) -> None:
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"(init)", b"(INIT)"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_an_edit_plans_the_module_alone(settled: Checkout) -> None:
    source = settled.path / "modules/rust_minimal/rust_minimal.rs"
    text = source.read_text()
    keep_size_and_time(source)
    assert planned(settled) == ["rust_minimal"]
    assert ("RUSTC", "rust_minimal.o") in settled.ran()
    source.write_text(text)
    settled.scons()


def test_an_edit_of_a_wrapper_plans_the_modules_that_use_it(settled: Checkout) -> None:
    users_of_it = sorted(users({"miscdev"}) & set(MODULES))
    found: list[list[str]] = []
    # Anything else that changes meanwhile may make a run plan more. It does not do so twice.
    for comment in ("As ever.", "As before."):
        with settled.edited("kernel/miscdev.rs", "    pub fn new_pinned", f"    /// {comment}\n    pub fn new_pinned"):
            found.append(planned(settled))
            assert ("RUSTC", "kernel_miscdev") in settled.ran()
        settled.scons()
        settled.scons()
        if found[-1] == users_of_it:
            break
    assert found[-1] == users_of_it, found
    with settled.edited("kernel/rbtree.rs", "    pub fn new", "    /// As ever.\n    pub fn new"):
        assert planned(settled) == []
    settled.scons()


def shorten(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("modules/rust_minimal/rust_minimal.ko", shorten),
        ("modules/rust_minimal/link/rust_minimal.mod.c", Path.unlink),
        ("helpers/libhelpers.a", Path.unlink),
        ("crates/kernel_base/kernel_base.o", shorten),
    ],
)
def test_an_output_that_is_lost_or_damaged_is_built_again(
    settled: Checkout, name: str, damage: Callable[[Path], object]
) -> None:
    before, output = settled.modules(), settled.target / name
    content = output.read_bytes()
    damage(output)
    assert "rust_minimal" in planned(settled)
    assert output.read_bytes() == content
    assert settled.modules() == before


def test_a_lost_trace_runs_the_step(settled: Checkout) -> None:
    traces = settled.target / "traces.jsonl"
    key = str(settled.target / "modules/rust_minimal/rust_minimal.ko")
    lines = traces.read_text().splitlines(keepends=True)
    traces.write_text("".join(line for line in lines if json.loads(line.partition("\t")[0]) != key))
    assert planned(settled) == list(MODULES)
    assert settled.ran() == [("LD [M]", "rust_minimal.ko")]


def test_a_manifest_is_read_again(settled: Checkout) -> None:
    with settled.edited("modules/rust_minimal/module.toml", "[module]\n", '[module]\ncfg = ["more"]\n'):
        assert planned(settled) == ["rust_minimal"]
        assert ("RUSTC", "rust_minimal.o") in settled.ran()
    settled.scons()


def test_a_source_elsewhere_that_decides_the_wrappers_is_noticed(settled: Checkout) -> None:
    """No compiler reads the file. But the names in it choose the wrappers that the module is compiled against."""
    source, outside = settled.path / "modules/rust_minimal/rust_minimal.rs", settled.path / "outside.rs"
    text = source.read_text()
    outside.write_text("")
    source.write_text(f'{text}\n#[cfg(any())]\n#[path = "../../outside.rs"]\nmod outside;\n')
    time.sleep(0.03)
    settled.scons()
    settled.scons()
    assert planned(settled) == []
    outside.write_text("use kernel::rbtree::RBTree;\n")
    assert "rust_minimal" in planned(settled)
    assert ("RUSTC", "rust_minimal.o") in settled.ran()
    source.write_text(text)
    settled.scons()


@pytest.mark.parametrize("name", ["site_scons/scons_kmod/link/ko.py", "site_scons/site_tools/kmod/graph.py"])
def test_another_version_of_the_library_plans_all_steps(settled: Checkout, name: str) -> None:
    os.utime(settled.path / name)
    assert planned(settled) == list(MODULES)
    assert settled.ran() == []


def test_code_that_changes_while_it_runs_is_not_trusted(settled: Checkout) -> None:
    path = settled.path / "SConstruct.changing"
    changed = settled.path / "site_scons/scons_kmod/link/ko.py"
    loaded, rest = (settled.path / "SConstruct").read_text().split("\nfor target", 1)
    path.write_text(f"{loaded}\nimport os\nos.utime({str(changed)!r})\nfor target{rest}")
    settled.scons("-f", str(path))
    assert planned(settled) == list(MODULES)


def test_other_flags_plan_all_steps(settled: Checkout) -> None:
    assert planned(settled, "KCFLAGS=-DNOBODY_ASKS_FOR_THIS_EITHER") == list(MODULES)
    settled.scons()


@pytest.mark.parametrize("damage", [shorten, Path.unlink])
def test_a_damaged_record_is_the_same_as_none(settled: Checkout, damage: Callable[[Path], object]) -> None:
    damage(settled.target / "step-groups")
    damage(settled.path / "build/manifests")
    settled.scons()
    assert settled.ran() == []
    assert planned(settled) == []
