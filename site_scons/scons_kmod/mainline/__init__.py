# SPDX-License-Identifier: MIT
"""The kernel's own Rust crates and modules written to them: asked of the kernel's Kbuild, rebuilt or carried.

Imports link and below. Start with mainline.py, then plan.py.
"""
