# SPDX-License-Identifier: MIT
"""What all runs of rustc have in common."""

from __future__ import annotations

COLOR = "--color=always"


# Kernel code is built by stable compilers with their unstable flags, as the kernel itself does it (rust/Makefile).
ENVIRONMENT = (("RUSTC_BOOTSTRAP", "1"),)


EDITION = "2021"
