# SPDX-License-Identifier: MIT
"""scons why: what changed, and how it leads to a module."""

from __future__ import annotations

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
    assert why(checkout, "NEXT=1") == [head, "it is up to date"]


def test_an_edit_is_named_with_its_line_before_and_after_the_build(checkout: Checkout) -> None:
    checkout.scons()
    record = checkout.target / "last-run.json"
    with checkout.edited(SOURCE, "Rust minimal sample (init)", "Rust minimal sample (why)"):
        (line,) = (n for n, text in enumerate((checkout.path / SOURCE).read_text().splitlines(), 1) if "(why)" in text)
        expected = ["RUSTC   rust_minimal.o", f"{SOURCE} changed", f"{SOURCE}:{line}"]
        before = record.read_text()
        coming = why(checkout, "NEXT=1")
        assert coming[1:4] == expected
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
