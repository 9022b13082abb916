# SPDX-License-Identifier: MIT
"""The reference page and the schema in docs/ are what the declarations of the keys say."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scons_kmod.manifest.keys import Key, NamedSections, Section, declared_keys
from scons_kmod.manifest.reference import reference_page
from scons_kmod.manifest.schema import manifest_schema
from scons_kmod.manifest.sections.library import LibraryTables
from scons_kmod.manifest.tables import ModuleTables

REFERENCE = Path(__file__).resolve().parents[3] / "docs/reference"


def all_keys(*groups: type[Any]) -> Iterator[Key]:
    for group in groups:
        for key in declared_keys(group).values():
            yield key
            if isinstance(key.kind, Section | NamedSections):
                yield from all_keys(key.kind.section)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("manifest-keys.md", reference_page()),
        ("module.schema.json", json.dumps(manifest_schema(), indent=2) + "\n"),
    ],
    ids=["page", "schema"],
)
def test_the_files_are_up_to_date(name: str, content: str) -> None:
    """With UPDATE_DOCS=1 in the environment, this test writes the file."""
    if os.environ.get("UPDATE_DOCS"):
        (REFERENCE / name).write_text(content)
    else:
        assert (REFERENCE / name).read_text() == content, "run UPDATE_DOCS=1 pytest tests/unit/manifest"


def test_each_key_says_in_sentences_what_it_is_for() -> None:
    bad = [key.name for key in all_keys(ModuleTables, LibraryTables) if not key.doc.endswith(".") or "\n" in key.doc]
    assert bad == []
