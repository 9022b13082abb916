# SPDX-License-Identifier: MIT
"""The JSON schema of ``module.toml`` (draft 7), by which editors complete and check manifests.

The file is docs/reference/module.schema.json. It says less than the reader checks: not whether files exist, nor which
keys go together.
"""

from __future__ import annotations

from typing import Any

from scons_kmod.manifest.keys import section_schema
from scons_kmod.manifest.sections.library import LibraryTables
from scons_kmod.manifest.sections.requires import BOUND, SYMBOL
from scons_kmod.manifest.sections.when import DOC, FIXED, KERNEL, WHEN
from scons_kmod.manifest.tables import ModuleTables

CONDITION = rf"\s*(!?{SYMBOL.pattern}|{KERNEL}{BOUND.pattern})\s*"


def manifest_schema() -> dict[str, Any]:
    """The schema of a manifest, as a JSON document."""
    tables = section_schema(ModuleTables)["properties"]
    library = section_schema(LibraryTables)["properties"]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "module.toml",
        "description": "The manifest of a kernel module, or of a library crate, that scons-kmod builds.",
        "type": "object",
        "additionalProperties": False,
        "oneOf": [
            {"required": [*library], "maxProperties": 1},
            {"required": ["module"], "not": {"required": [*library]}},
        ],
        "properties": {**tables, WHEN: when_schema(tables), **library},
    }


def when_schema(tables: dict[str, Any]) -> dict[str, Any]:
    """The schema of [when], which has the tables of a manifest again, except those that can't depend on the kernel."""
    conditional = {name: without_required(schema) for name, schema in tables.items() if name not in FIXED}
    return {
        "description": DOC,
        "type": "object",
        "propertyNames": {"pattern": f"^{CONDITION}(,{CONDITION})*$"},
        "additionalProperties": {"type": "object", "additionalProperties": False, "properties": conditional},
    }


def without_required(schema: Any) -> Any:
    """The schema with no key required, nor a list's element: they may be in the table that this one is added to."""
    if isinstance(schema, dict):
        return {
            name: without_required(value)
            for name, value in schema.items()
            if not (name in ("required", "minItems", "default") and not isinstance(value, dict))
        }
    return [without_required(element) for element in schema] if isinstance(schema, list) else schema
