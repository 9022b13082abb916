# SPDX-License-Identifier: MIT
"""What a module.toml says: its keys, each declared once, the record of a module, and all modules of a project.

A new key is a field in sections/, in the file of its table. From there come the reader (keys.py), the reference page
(reference.py) and the schema for editors (schema.py). Imports kernel (conditions ask a tree) and below. Start with
manifest.py, the record that all steps take, then sections/c.py and keys.py.
"""
