# SPDX-License-Identifier: MIT
"""Facts of one kernel tree and its tools: its release and configuration, Kbuild's commands, flags, toolchain.

Imports distro and below. Start with kernel_tree.py, then kbuild.py.
"""
