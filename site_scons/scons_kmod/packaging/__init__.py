# SPDX-License-Identifier: MIT
"""Packages of modules: deb, rpm, DKMS, source packages, support crates as a package, and SPDX documents.

Imports vm and below. Start with module_package.py.
"""
