# SPDX-License-Identifier: MIT
"""C and assembly: compiling a module's sources and this project's C helpers with the kernel's own compiler and flags.

Imports bindings and below. Start with module_objects.py: a module's sources to objects. source_flags.py has their
flags, heads.py finds the includes that many sources begin with, written_sources.py has the sources that the build
writes. helpers.py compiles the C helpers. All of them use compiler.py.
"""
