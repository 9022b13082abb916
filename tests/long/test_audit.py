# SPDX-License-Identifier: MIT
"""``AUDIT=1``: no step of this project's modules reads or looks for a file that its trace does not know."""

from __future__ import annotations

from pathlib import Path

from audited import audited_build, project_checkout


def test_every_read_of_the_default_target_is_known(tmp_path: Path) -> None:
    checkout = project_checkout(tmp_path / "checkout")
    audited_build(checkout, "debian-6.12")
    # AUDIT is no part of a signature: nothing is out of date without it, or with it again.
    checkout.scons("TARGET=debian-6.12")
    assert checkout.ran() == []
    again = checkout.scons("TARGET=debian-6.12", "AUDIT=1")
    assert again.stdout.splitlines()[-1] == "audit: 0 steps, 0 unknown reads"
    # A rule that is gone is noticed: without it, its reads are unknown, and scons fails.
    rules = checkout.path / "site_scons/scons_kmod/engine/cut_offs.py"
    rules.write_text(rules.read_text() + "CUT_OFFS = tuple(rule for rule in CUT_OFFS if 'objtool' not in rule.paths)\n")
    (checkout.path / "build/debian-6.12/modules/rust_minimal/rust_minimal.ko").unlink()
    (checkout.path / "build/debian-6.12/modules/rust_minimal/link/rust_minimal.mod.c").unlink()
    failed = checkout.scons("rust_minimal", "TARGET=debian-6.12", "AUDIT=1", check=False)
    unknown = [line for line in failed.stdout.splitlines() if "/scripts/mod/modpost" in line]
    assert failed.returncode
    assert unknown[0].startswith("audit: MODPOST rust_minimal.ko: ")
