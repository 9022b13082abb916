# SPDX-License-Identifier: MIT
"""Generators, ``[generate.NAME]``: programs of a module that write sources of the module.

Imports c and below. Start with steps.py: a generator is compiled if need be, and run. sandbox.py says what it sees and
where it can write, run.py runs it and checks what it wrote, outputs.py has what its outputs mean for other steps.
"""
