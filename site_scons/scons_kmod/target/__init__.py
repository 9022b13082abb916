# SPDX-License-Identifier: MIT
"""What one build is for: command-line variables, the chosen kernel with tree, toolchain and provider, output paths.

Imports manifest and below. Start with build_target.py: most steps take a `BuildTarget` and a `Manifest`.
"""
