# SPDX-License-Identifier: MIT
"""Which wrappers of kernel/ are crates of their own, and which of them a module's code names.

wrapper_crates.py reads kernel/lib.rs, and says which crates there are and what each needs. named_wrappers.py finds
those that Rust code names. The rustc steps of these crates are in the package `crates`.
"""
