# SPDX-License-Identifier: MIT
"""The page docs/reference/manifest-keys.md, made from the declarations of the keys.

tests/unit/manifest/test_reference.py compares the page and the schema with their files, and writes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from scons_kmod.manifest.keys import Key, NamedSections, Section, declared_keys
from scons_kmod.manifest.kinds import Choice
from scons_kmod.manifest.sections.library import LibraryTables
from scons_kmod.manifest.sections.when import DOC, FIXED
from scons_kmod.manifest.tables import ModuleTables

HEAD = """\
# The keys of a manifest

This page lists every table and key of a manifest, `module.toml`. What they are for, with examples, is in
[the manifest](../guide/manifest.md).

```toml
[module]
name = "hello"
```

Paths are relative to the manifest's directory, and can't lead out of it. Patterns are `*`, `?`, `[ab]` and `**`. Any
other table or key is an error.

[module.schema.json](module.schema.json) says the same as JSON schema. By it, an editor with a TOML language server
completes, explains and checks manifests. For Taplo and Even Better TOML, write `.taplo.toml` in the project:

```toml
[[rule]]
include = ["**/module.toml"]

[rule.schema]
path = "docs/reference/module.schema.json"    # where the file is, seen from the project
```

Both files are made from the declarations in `site_scons/scons_kmod/manifest/sections`. Edit those, then run
`UPDATE_DOCS=1 pytest tests/unit/manifest`.
"""
WHEN = f"""\
## `[when.'CONDITION'.TABLE]`

{DOC}

The table is any of the above, except {", ".join(f"`[{name}]`" for name in FIXED)}. A condition is
`CONFIG_NAME`, `!CONFIG_NAME` or `kernel >= 6.12`, or several with commas between, which all must hold.
"""


def reference_page() -> str:
    """The page in Markdown."""
    tables = [part for group in (ModuleTables, LibraryTables) for part in table_parts(group, "")]
    return "\n".join((HEAD, *tables, WHEN))


def table_parts(group: type[Any], prefix: str) -> Iterator[str]:
    """The page's part about each table that is a key of the class `group`, and about the tables in it."""
    for key in declared_keys(group).values():
        if isinstance(key.kind, Section | NamedSections):
            placeholder = f".{key.kind.placeholder}" if isinstance(key.kind, NamedSections) else ""
            name = f"{prefix}{key.name}{placeholder}"
            keys = declared_keys(key.kind.section).values()
            rows = [row(own_key) for own_key in keys if not isinstance(own_key.kind, Section | NamedSections)]
            head = ("| key | type | default | what it says |", "|---|---|---|---|")
            yield "\n".join((f"## `[{name}]`", "", key.doc, "", *head, *rows, ""))
            yield from table_parts(key.kind.section, f"{name}.")


def row(key: Key) -> str:
    """The row of a key in the table of its table."""
    doc = key.doc
    if isinstance(key.kind, Choice):
        doc += f" One of {', '.join(literal(choice) for choice in key.kind.choices)}."
    cells = (f"`{key.name}`", key.kind.label, default(key), doc)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def default(key: Key) -> str:
    """What holds without a key, in Markdown."""
    if key.required:
        return "required"
    if key.default_text:
        return key.default_text
    return "none" if key.default in ("", None) else literal(key.default)


def literal(value: Any) -> str:
    """A value as TOML has it, in Markdown."""
    return f"`{json.dumps(list(value) if isinstance(value, tuple) else value)}`"
