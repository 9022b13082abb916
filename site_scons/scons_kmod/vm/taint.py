# SPDX-License-Identifier: MIT
"""The kernel's taints by name (Documentation/admin-guide/tainted-kernels.rst in the kernel tree)."""

from __future__ import annotations

# In the order of their bits in the mask: the letter that the kernel prints, and its meaning.
TAINTS: tuple[tuple[str, str], ...] = (
    ("P", "proprietary module was loaded"),
    ("F", "module was force loaded"),
    ("S", "kernel running on an out of specification system"),
    ("R", "module was force unloaded"),
    ("M", "processor reported a machine check"),
    ("B", "bad page referenced or unexpected page flags"),
    ("U", "taint requested by userspace"),
    ("D", "kernel died: an Oops or BUG"),
    ("A", "ACPI table overridden by user"),
    ("W", "kernel issued a warning"),
    ("C", "staging driver was loaded"),
    ("I", "workaround for a bug in platform firmware"),
    ("O", "out-of-tree module was loaded"),
    ("E", "unsigned module was loaded"),
    ("L", "soft lockup occurred"),
    ("K", "kernel has been live patched"),
    ("X", "auxiliary taint, defined by the distribution"),
    ("T", "kernel was built with the struct randomization plugin"),
    ("N", "an in-kernel test has been run"),
    ("J", "userspace used a mutating debug operation in fwctl"),
)

# Every module that is not part of the kernel's own build sets these.
EXPECTED_TAINTS = {"O", "E"}


def unexpected_taint(before: int, after: int) -> tuple[str, ...]:
    """The taints that are in the mask `after` and not in `before`, as texts: ``W (kernel issued a warning)``.

    The taints of out-of-tree and unsigned modules are expected and left out.
    """
    return tuple(
        f"{letter} ({meaning})" for letter, meaning in set_taints(after & ~before) if letter not in EXPECTED_TAINTS
    )


def set_taints(mask: int) -> list[tuple[str, str]]:
    """Letter and meaning of each taint in `mask`."""
    bits = [bit for bit in range(mask.bit_length()) if mask >> bit & 1]
    return [TAINTS[bit] if bit < len(TAINTS) else ("?", f"unknown taint, bit {bit}") for bit in bits]
