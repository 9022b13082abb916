# SPDX-License-Identifier: MIT
"""What runs again after an edit: what must, and nothing else."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from checkout import MODULES, SCONS, Checkout

MINIMAL = "modules/rust_minimal/rust_minimal.rs"
TOOLS = ("make", "rustc", "gcc", "cc1", "bindgen", "ld", "objtool", "modpost")


def own_sources(checkout: Checkout) -> list[Path]:
    return [
        path for part in ("rust", "kernel", "modules") for path in (checkout.path / part).rglob("*") if path.is_file()
    ]


def test_a_second_build_runs_nothing(checkout: Checkout) -> None:
    checkout.scons()
    checkout.scons()
    assert checkout.ran() == []


def test_a_second_build_starts_no_process(checkout: Checkout, tmp_path: Path) -> None:
    checkout.scons()
    trace = tmp_path / "trace"
    argv = ("strace", "-f", "-o", str(trace), "-e", "trace=execve", *SCONS)
    subprocess.run(argv, cwd=checkout.path, check=True, capture_output=True)
    started = [line for line in trace.read_text().splitlines() if "execve(" in line and "ENOENT" not in line]
    assert len(started) == 1, started


def test_touching_sources_and_headers_runs_nothing(checkout: Checkout) -> None:
    for path in own_sources(checkout):
        os.utime(path)
    checkout.scons()
    assert checkout.ran() == []


def test_an_edit_of_a_module_rebuilds_that_module_alone(checkout: Checkout) -> None:
    before = checkout.modules()
    with checkout.edited(
        "modules/rust_minimal/rust_minimal.rs", "Rust minimal sample (init)", "Rust minimal sample (INIT)"
    ):
        checkout.scons()
        assert {unit for _, unit in checkout.ran()} == {"rust_minimal.o", "rust_minimal.ko"}
        changed = {name for name, digest in checkout.modules().items() if before[name] != digest}
        assert changed == {"rust_minimal.ko"}
    checkout.scons()
    assert checkout.modules() == before


def test_a_comment_in_a_module_runs_nothing(checkout: Checkout) -> None:
    path = checkout.path / "modules/rust_minimal/rust_minimal.rs"
    text = path.read_text()
    path.write_text(text + "// The end.\n")
    checkout.scons()
    assert checkout.ran() == []
    path.write_text(text)
    checkout.scons()


def test_an_edit_that_keeps_size_and_time_is_seen(checkout: Checkout) -> None:
    path = checkout.path / "modules/rust_minimal/rust_minimal.rs"
    before = path.stat()
    with checkout.edited("modules/rust_minimal/rust_minimal.rs", "(init)", "(tini)"):
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert path.stat().st_size == before.st_size
        checkout.scons()
        assert ("RUSTC", "rust_minimal.o") in checkout.ran()
    checkout.scons()


def test_a_function_that_nobody_uses_relinks_no_module(checkout: Checkout) -> None:
    path = checkout.path / "kernel/error.rs"
    text = path.read_text()
    path.write_text(
        f"{text}\n/// Nobody calls this.\npub fn nobody_calls_this(x: u32) -> u32 {{\n    x.rotate_left(3)\n}}\n"
    )
    checkout.scons()
    assert "LD [M]" not in {step for step, _ in checkout.ran()}
    path.write_text(text)
    checkout.scons()


def test_flags_run_what_they_are_for_and_end_where_they_change_nothing(checkout: Checkout) -> None:
    before = checkout.modules()
    checkout.scons("KCFLAGS=-DNOBODY_ASKS_FOR_THIS")
    ran = {step for step, _ in checkout.ran()}
    assert {"PROBE", "DIGEST", "BINDGEN", "CC"} <= ran
    assert "RUSTC" not in ran
    assert checkout.modules() == before
    checkout.scons("KRUSTFLAGS=-Copt-level=1", str(checkout.target / "crates/macros/libmacros.so"))
    assert checkout.ran() == [("PROBE", checkout.target_release())]
    checkout.scons()


def test_a_damaged_output_is_built_again(checkout: Checkout) -> None:
    before = checkout.modules()
    ko = checkout.target / "modules/rust_minimal/rust_minimal.ko"
    os.truncate(ko, 1000)
    checkout.scons()
    assert checkout.modules() == before


def test_a_dry_run_leaves_the_record_alone(checkout: Checkout) -> None:
    checkout.scons()
    with checkout.edited("modules/rust_minimal/rust_minimal.rs", "(init)", "(tini)"):
        shown = checkout.scons("-n").stdout
        assert "rust_minimal.o" in shown
        assert checkout.ran() == []
    checkout.scons()


def test_two_directories_give_the_same_modules_and_clean_removes_all(
    checkout: Checkout, other_checkout: Checkout
) -> None:
    checkout.scons()
    other_checkout.scons()
    assert other_checkout.modules() == checkout.modules()
    target = other_checkout.target
    other_checkout.scons("-c")
    assert not target.exists()


def test_a_command_of_the_user_follows_the_modules_that_it_reads(checkout: Checkout) -> None:
    """It is an ordinary target of SCons, which compares the .ko itself."""
    call = "env.KernelModule(target, manifest)\n"
    copy = 'env.Command(f"{manifest.name}.copy", ko, "echo $TARGET >> copies && cp $SOURCE $TARGET")'
    copies = checkout.path / "copies"
    with checkout.edited("SConstruct", call, f"ko = {call}        env.Default({copy})\n"):
        checkout.scons()
        assert sorted(copies.read_text().split()) == [f"{name}.copy" for name in MODULES]
        copies.write_text("")
        checkout.scons()
        assert copies.read_text() == ""
        with checkout.edited("modules/rust_minimal/rust_minimal.rs", '\\n"', ' \\n"'):
            checkout.scons()
            assert copies.read_text().split() == ["rust_minimal.copy"]
            checkout.scons()
            assert copies.read_text().split() == ["rust_minimal.copy"]
        checkout.scons()
        assert copies.read_text().split() == ["rust_minimal.copy", "rust_minimal.copy"]


def test_what_a_cache_of_scons_has_is_never_taken(checkout: Checkout) -> None:
    checkout.scons()
    before = checkout.modules()
    script = checkout.path / "SConstruct.cached"
    script.write_text('CacheDir("scons-cache")\n' + (checkout.path / "SConstruct").read_text())
    with checkout.edited(MINIMAL, "Rust minimal sample (init)", "Rust minimal sample (cached)"):
        checkout.scons("-f", str(script))
    output = checkout.target / "modules/rust_minimal/rust_minimal.ko"
    output.unlink()
    checkout.scons("-f", str(script))
    assert checkout.modules() == before
    cached = [path for path in (checkout.path / "scons-cache").rglob("*") if path.is_file() and path.name != "config"]
    assert [path.name for path in cached if not path.name.startswith("CACHEDIR")] == []


def test_a_variable_that_a_source_reads_counts(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "C")
    checkout.scons()
    plain, text = checkout.modules(), "Rust minimal sample (init)"
    with checkout.edited(MINIMAL, f'"{text}\\n"', f'"{text} {{:?}}\\n", option_env!("LANG")'):
        checkout.scons()
        with_c = checkout.modules()
        monkeypatch.setenv("LANG", "C.UTF-8")
        checkout.scons()
        assert checkout.modules()["rust_minimal.ko"] != with_c["rust_minimal.ko"]
        monkeypatch.setenv("LANG", "C")
        checkout.scons()
        assert checkout.modules() == with_c
    checkout.scons()
    assert checkout.modules() == plain
