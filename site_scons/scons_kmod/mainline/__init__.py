# SPDX-License-Identifier: MIT
"""The kernel's own Rust crates, and modules that are written to them (the mainline API).

Imports link and below. Start with plan.py: the kernel's Kbuild is asked how the crates are compiled. mainline.py is the
record of a target's crates, crate_steps.py compiles them, module_steps.py compiles a module. carried.py is for kernels
without Rust: each module is linked with the crates.
"""
