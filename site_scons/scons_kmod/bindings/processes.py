# SPDX-License-Identifier: MIT
"""The modules that each process of this package imports, itself first. Steps depend on their files."""

from __future__ import annotations

LIBCLANG_MODULES = ("bindings.libclang", "engine.depfile", "engine.identifiers", "engine.key_text")
FINGERPRINT_MODULES = (
    *("bindings.fingerprint", "bindings.reach", "bindings.descriptions", "bindings.macros", "bindings.declarations"),
    *LIBCLANG_MODULES,
)
WHOLE_FINGERPRINT_MODULES = ("bindings.whole_fingerprint", "bindings.pasted", *FINGERPRINT_MODULES)
GENERATE_MODULES = (
    *("bindings.generate", "bindings.layout_checks", "bindings.parts"),
    *("engine.identifiers", "engine.key_text"),
)
LOCAL_HEADERS_MODULES = tuple(
    dict.fromkeys(("bindings.local_headers", "bindings.local_declarations", *LIBCLANG_MODULES, *GENERATE_MODULES))
)
