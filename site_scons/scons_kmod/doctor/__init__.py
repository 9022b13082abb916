# SPDX-License-Identifier: MIT
"""`scons doctor`: what building and testing need, what is installed, and which package provides the rest.

May import all other packages. Start with report.py: it lists what is checked. Checks of kernels and their toolchains
are in kernels.py, checks of other programs in programs.py. finding.py has the result of a check and its table.
"""
