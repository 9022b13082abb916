# SPDX-License-Identifier: MIT
"""From a module's objects to its .ko: unused Rust is dropped, C is linked, then objtool, modpost and the last link.

Imports crates and below. Start with rust_object.py or c_object.py (a module's objects to one), then modpost.py and
ko.py. kbuild_link.py lets Kbuild do the last steps instead: it is the reference.
"""
