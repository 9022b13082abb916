# SPDX-License-Identifier: MIT
"""The modules that each process of this package imports, itself first. Steps depend on their files."""

from __future__ import annotations

LIBCLANG = ("bindings.libclang", "engine.depfile", "engine.identifiers", "engine.key_text")
FINGERPRINT = (
    *("bindings.fingerprint", "bindings.reach", "bindings.descriptions", "bindings.macros", "bindings.declarations"),
    *LIBCLANG,
)
GENERATE = ("bindings.generate", "bindings.layout_checks")
LOCAL_HEADERS = ("bindings.local_headers", "bindings.local_declarations", *LIBCLANG, *GENERATE)
