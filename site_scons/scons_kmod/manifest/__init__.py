# SPDX-License-Identifier: MIT
"""What a module.toml says: its keys, the typed record of a module, conditions, and all modules of a project.

Imports kernel (conditions ask a tree) and below. Start with manifest.py.
"""
