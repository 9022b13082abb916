# SPDX-License-Identifier: MIT
"""What a distribution has: target files, apt, a kernel's packages, sysroots with a target's tools.

Imports engine and base. Start with target_file.py and target_choice.py. kernel_packages/ downloads and unpacks a
kernel's headers, image, modules and sources. sysroot.py runs tools of another suite.
"""
