# SPDX-License-Identifier: MIT
"""Every rustc step of the 2021 API: support crates, a module's own crate, its local crates and proc macros, exports.

Imports generators and below. Start with support.py, then local_steps.py.
"""
