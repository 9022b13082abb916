# SPDX-License-Identifier: MIT
"""Settings for all runs of rustc."""

from __future__ import annotations

RUSTC_COLOR = "--color=always"
# Lets stable compilers take unstable flags, as in the kernel's own build (rust/Makefile).
RUSTC_ENVIRONMENT = (("RUSTC_BOOTSTRAP", "1"),)
EDITION = "2021"
