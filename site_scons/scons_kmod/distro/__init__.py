# SPDX-License-Identifier: MIT
"""What a distribution brings: target files, apt, the kernel's packages in the cache directory, sysroots.

Imports engine and base. Start with target_file.py, then kernel_packages.py.
"""
