# SPDX-License-Identifier: MIT
"""Programs of a module that write its sources: how they are compiled, and run in a sandbox.

Imports c and below. Start with steps.py.
"""
