# SPDX-License-Identifier: MIT
"""C headers to Rust: the fingerprint of C declarations, bindgen, and the check of every layout.

Imports target and below. Start with bindgen.py (the steps), then fingerprint.py.
"""
