# SPDX-License-Identifier: MIT
"""Whether a step runs: steps, traces of earlier runs, digests of files, and what `scons why` prints of them.

Knows nothing of kernels or modules; imports base. Start with step.py, then store.py, which decides.
"""
