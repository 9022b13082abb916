# SPDX-License-Identifier: MIT
"""Builds of all modules of this project under ``AUDIT=1``."""

from __future__ import annotations

from pathlib import Path

from checkout import PROJECT, Checkout


def project_checkout(path: Path) -> Checkout:
    """A checkout with all modules."""
    return Checkout(path, sorted(directory.name for directory in (PROJECT / "modules").iterdir()))


def audited_build(checkout: Checkout, target: str) -> list[str]:
    """Build all modules for a target from nothing. Returns the lines of the audit, which has found nothing unknown."""
    done = checkout.scons(f"TARGET={target}", "AUDIT=1", check=False)
    summary = [line for line in done.stdout.splitlines() if line.startswith("audit: ")]
    assert done.returncode == 0, "\n".join(summary) or done.stdout + done.stderr
    steps = int(summary[-1].split()[1])
    assert summary[-1] == f"audit: {steps} steps, 0 unknown reads"
    assert steps > 100
    return summary
