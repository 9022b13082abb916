# SPDX-License-Identifier: MIT
"""The build engine: steps, whether a step is up to date, running and restoring it, and what `scons why` prints.

Knows nothing of kernels or modules. Imports base. Start with step.py, then up_to_date.py, which decides, and
run_step.py. build_state.py is what a build remembers for the next one.
"""
