# SPDX-License-Identifier: MIT
"""C and assembly: compiling a module's sources and this project's C helpers with the kernel's own compiler and flags.

Imports bindings and below. Start with module_objects.py.
"""
