# SPDX-License-Identifier: MIT
"""Modules below lib/modules/RELEASE: stripped, signed, compressed, placed all or none, and removed again.

Imports mainline and below. Start with install.py.
"""
