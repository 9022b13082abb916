# SPDX-License-Identifier: MIT
"""Packages of modules: deb, rpm, DKMS, source packages, support crates as a package, and SPDX documents.

Imports vm and below. Start with module_package.py, which says what is in a module's package. deb.py, rpm.py and dkms.py
write it in their formats; deb_control.py has the control file of a .deb. templates/ has files of source packages.
"""
