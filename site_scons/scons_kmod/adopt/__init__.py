# SPDX-License-Identifier: MIT
"""`scons adopt`: a manifest for a module that Kbuild builds, by reading its makefile without running it.

Imports vm and below, in practice manifest and base. Start with adopt.py, then kbuild_file.py.
"""
