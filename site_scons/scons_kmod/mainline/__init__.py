# SPDX-License-Identifier: MIT
"""The kernel's own Rust crates and modules written to them: asked of the kernel's Kbuild, rebuilt or carried.

Imports link and below. Start with plan.py (how the crates are made, asked of Kbuild), then
mainline.py (the record of it), crate_steps.py (the kernel's crates) and module_steps.py (a module's).
"""
