# SPDX-License-Identifier: MIT
"""The tables of a module.toml, a file for each: [c] is in c.py, [generate.NAME] in generate.py.

A file has the table's keys, each declared once as a field of a dataclass, and what is checked besides single keys. A
new key of a table is a new field here. Imports the declarations (keys.py, kinds.py, paths.py) and no other part of
`manifest` but crate.py and cargo.py.
"""
