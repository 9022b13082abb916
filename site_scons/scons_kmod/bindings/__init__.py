# SPDX-License-Identifier: MIT
"""C headers to Rust: the bindings to the kernel's headers, and local bindings to a module's own headers.

Imports target and below. Start with bindgen.py: the two steps of the kernel's bindings. fingerprint.py computes digests
of the C declarations that the bindings depend on (reach.py says which), and generate.py runs bindgen if one of them has
changed. local_headers.py writes local bindings; their steps are in crates/local_bindings.py.
"""
