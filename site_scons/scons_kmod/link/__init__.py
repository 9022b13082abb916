# SPDX-License-Identifier: MIT
"""Objects to a .ko: dropping unused Rust, linking C, objtool, symbol versions, modpost, the final link.

Imports crates and below. Start with rust_object.py or c_object.py (a module's objects to one), then modpost.py and
ko.py. kbuild_link.py has Kbuild do the last steps instead, as the reference for these.
"""
