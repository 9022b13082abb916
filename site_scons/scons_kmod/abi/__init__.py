# SPDX-License-Identifier: MIT
"""`scons abi-diff`: which modules a kernel update affects, and by which declarations and symbols.

Imports vm and below. Start with diff.py (the comparison). reach.py finds the code that a module uses, and
declarations.py reads what the headers declare for it.
"""
