# SPDX-License-Identifier: MIT
"""What every package may use: errors, atomic writes, TOML with line numbers, directories, processes and their log.

Imports nothing of the library. Start with errors.py and run_log.py.
"""
