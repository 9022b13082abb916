# SPDX-License-Identifier: MIT
"""What every package may use: errors, files written whole, TOML with line numbers, processes and their log.

Imports nothing of the library. Start with errors.py and run_log.py.
"""
