# SPDX-License-Identifier: MIT
"""Settings for all runs of rustc."""

from __future__ import annotations

COLOR = "--color=always"
# Lets stable compilers take unstable flags, as in the kernel's own build (rust/Makefile).
ENVIRONMENT = (("RUSTC_BOOTSTRAP", "1"),)
EDITION = "2021"
