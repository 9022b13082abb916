# SPDX-License-Identifier: MIT
"""The rustc steps of the 2021 API: support crates, a module's own crate, its local crates and proc macros, exports.

Imports generators and below. Start with support.py (support crates) and module_crate.py (a module's own crate), which
both take their command from rustc_command.py. A module's other crates: dependencies.py says which, local.py and
proc_macros.py compile them. export_steps.py exports a crate to other modules.
"""
