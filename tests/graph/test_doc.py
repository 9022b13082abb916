# SPDX-License-Identifier: MIT
"""`scons doc`: the pages of the kernel and macros crates."""

from __future__ import annotations

from checkout import Checkout


def test_the_documentation_has_no_warning(checkout: Checkout) -> None:
    done = checkout.scons("doc")
    assert "warning" not in done.stdout + done.stderr
    pages = checkout.target / "doc"
    assert (pages / "kernel/miscdev/struct.Registration.html").is_file()
    assert (pages / "macros/macro.module.html").is_file()
    checkout.scons("doc")
    assert checkout.ran() == []


def test_an_edit_of_a_wrapper_writes_the_pages_again(checkout: Checkout) -> None:
    checkout.scons("doc")
    page = checkout.target / "doc/kernel/rbtree/index.html"
    with checkout.edited(
        "kernel/rbtree.rs", "//! Red-black trees: the kernel's sorted map.", "//! Trees that I renamed."
    ):
        checkout.scons("doc")
        assert ("RUSTDOC", "kernel") in checkout.ran()
        assert "Trees that I renamed." in page.read_text()
    checkout.scons("doc")
    assert "Trees that I renamed." not in page.read_text()


def test_a_link_to_nowhere_is_an_error(checkout: Checkout) -> None:
    with checkout.edited("kernel/rbtree.rs", "//! Red-black trees", "//! See [`NoSuchThing`]. Red-black trees"):
        done = checkout.scons("doc", check=False)
        assert done.returncode == 2
        assert "error: unresolved link to `NoSuchThing`" in done.stderr
    checkout.scons()
