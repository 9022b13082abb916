# SPDX-License-Identifier: MIT
"""One kernel tree and its tools: release and configuration, Kbuild's commands, rustc's flags, the toolchain.

Imports distro and below. Start with kernel_tree.py, then kbuild.py, which asks Kbuild and reads its .cmd files
(cmd_file.py). toolchain.py chooses the compilers that tool_finder.py found.
"""
