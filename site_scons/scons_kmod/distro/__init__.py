# SPDX-License-Identifier: MIT
"""What a distribution has: target files, apt, a kernel's packages, sysroots with a target's tools.

Imports engine and base. Start with target_file.py. download.py says what is fetched into the cache directory,
kernel_packages.py which packages that are, unpack.py what of them is unpacked; sysroot.py runs tools of another suite.
"""
