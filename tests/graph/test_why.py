# SPDX-License-Identifier: MIT
"""scons why: what changed, and how it leads to a module."""

from __future__ import annotations

import pytest

from checkout import Checkout

SOURCE = "modules/rust_minimal/rust_minimal.rs"


def why(checkout: Checkout, *args: str) -> list[str]:
    """What scons says of rust_minimal, without blanks at the ends."""
    lines = checkout.scons("-Q", "why", "MODULE=rust_minimal", *args).stdout.splitlines()
    return [line.strip() for line in lines]


def test_a_build_with_nothing_to_do_has_no_reason(checkout: Checkout) -> None:
    checkout.scons()
    checkout.scons()
    head = f"rust_minimal ({checkout.target.name})"
    assert why(checkout) == [head, "nothing that the last build ran leads to it"]
    count = f"{checkout.target.name}: at most 0 compile, at most 0 are linked"
    assert why(checkout, "NEXT=1") == [count, head, "it is up to date"]


def test_an_edit_is_named_with_its_line_before_and_after_the_build(checkout: Checkout) -> None:
    checkout.scons()
    record = checkout.target / "last-run.json"
    with checkout.edited(SOURCE, "Rust minimal sample (init)", "Rust minimal sample (why)"):
        (line,) = (n for n, text in enumerate((checkout.path / SOURCE).read_text().splitlines(), 1) if "(why)" in text)
        expected = ["RUSTC   rust_minimal.o", f"{SOURCE} changed", f"{SOURCE}:{line}"]
        before = record.read_text()
        coming = why(checkout, "NEXT=1")
        assert coming[0] == f"{checkout.target.name}: at most 1 compile, at most 1 is linked"
        assert coming[2:5] == expected
        assert "LD [M]  rust_minimal.ko" in coming
        assert coming[-1].endswith("may change")
        assert record.read_text() == before, "the record is of the last build"
        checkout.scons()
        assert why(checkout)[1:4] == expected
        assert why(checkout)[-2] == "LD [M]  rust_minimal.ko"
    checkout.scons()


def test_a_declaration_is_named_with_where_rust_names_it(checkout: Checkout) -> None:
    checkout.scons()
    lock = "void rust_helper_mutex_lock(struct mutex *{});"
    with checkout.edited("rust/helpers/helpers.h", lock.format("lock"), lock.format("other")):
        checkout.scons()
        lines = why(checkout)
    (reason,) = (line for line in lines if line.startswith("rust_helper_mutex_lock changed (named in "))
    assert "kernel/sync/mutex.rs:" in reason
    assert lines.index("DIGEST  bindings") < lines.index("BINDGEN bindings") < lines.index(reason)
    checkout.scons()


@pytest.mark.parametrize(
    ("path", "old", "new", "declaration"),
    [
        (SOURCE, "Rust minimal sample (init)", "Rust minimal sample (edit)", ""),
        ("kernel/miscdev.rs", "if this.registered {", "if this.registered && this.registered {", ""),
        ("kernel/error.rs", "-> c_int {\n        self.0", "-> c_int {\n        self.0 + 0", ""),
        ("rust/helpers/mutex.c", "\tmutex_lock(", '\tasm volatile("nop");\n\tmutex_lock(', ""),
        (
            "rust/helpers/helpers.h",
            "mutex_lock(struct mutex *lock)",
            "mutex_lock(struct mutex *m)",
            "rust_helper_mutex_lock",
        ),
    ],
)
def test_an_edit_runs_no_step_that_was_not_named(
    checkout: Checkout, path: str, old: str, new: str, declaration: str
) -> None:
    checkout.scons()
    args = (f"DECLARATION={declaration}",) if declaration else ()
    head, *lines = checkout.scons("-Q", "why", "NEXT=1", f"FILE={path}", *args).stdout.splitlines()
    edit = f"{declaration} in {path}" if declaration else path
    assert head.startswith(f"an edit of {edit} ({checkout.target.name}): at most ")
    named = {line[2:].split(maxsplit=line.count("[M]") + 1)[-1].rpartition(": ")[0] for line in lines}
    with checkout.edited(path, old, new):
        checkout.scons()
        ran = {unit for _, unit in checkout.ran()}
    assert ran
    assert ran <= named
    checkout.scons()


def test_a_file_that_no_step_reads_is_an_error(checkout: Checkout) -> None:
    checkout.scons()
    done = checkout.scons("-Q", "why", "NEXT=1", "FILE=kernel/none.rs", check=False)
    assert done.returncode == 2
    assert "user error: FILE=kernel/none.rs: no step has read such a file" in done.stderr
    done = checkout.scons("-Q", "why", "FILE=kernel/rbtree.rs", check=False)
    assert "only the next build can be asked about a file" in done.stderr
