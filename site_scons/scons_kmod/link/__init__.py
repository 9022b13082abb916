# SPDX-License-Identifier: MIT
"""Objects to a .ko: dropping unused Rust, linking C, objtool, symbol versions, modpost, the final link.

Imports crates and below. Start with link.py.
"""
