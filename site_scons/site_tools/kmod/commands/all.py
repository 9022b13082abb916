# SPDX-License-Identifier: MIT
"""``all``: a name for every module's .ko. Plain ``scons`` builds the same; command_line.py adds the name."""

from ..registry import SconsCommand

COMMAND = SconsCommand("builds every module for the chosen kernels, as plain scons does")
