# SPDX-License-Identifier: MIT
"""What a distribution has: target files, apt, a kernel's packages, sysroots with a target's tools.

Imports engine and base. Start with target_file.py and target_choice.py. download.py fetches a kernel's packages into
the cache directory: kernel_packages.py says which packages, unpack.py what is unpacked of them. sysroot.py runs tools
of another suite.
"""
