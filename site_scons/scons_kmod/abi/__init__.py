# SPDX-License-Identifier: MIT
"""`scons abi-diff`: which modules a kernel update touches, and by which declarations and symbols.

Imports vm and below. Start with diff.py.
"""
