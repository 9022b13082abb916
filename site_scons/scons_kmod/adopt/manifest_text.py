# SPDX-License-Identifier: MIT
"""Writing the manifest file."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from scons_kmod.adopt.manifest_draft import ManifestDraft
from scons_kmod.adopt.remarks import Remark
from scons_kmod.base.atomic import write_text
from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import read_toml
from scons_kmod.manifest.read import read_manifest

# An array that does not fit into a line of this length has a line for each value.
LONGEST_LINE = 100


def write_manifest(path: Path, draft: ManifestDraft, reserved: Collection[str]) -> None:
    """Write the manifest. Before that, check that it can be read, and that it has the draft's values.

    The module's name must not be one of `reserved`. Raises `UserError` and `OSError`.
    """
    data = draft.data()
    where = f"the manifest for {path.parent}"

    def check(new: Path) -> None:
        if read_toml(new).data != data:
            raise UserError("TOML cannot contain the name of a source", where=where, fix="rename the source")
        read_manifest(new, reserved)

    try:
        write_text(path, manifest_text(data, draft.remarks.all), check=check)
    except UserError as error:
        raise UserError(error.message, where=where, fix=error.fix) from error


def manifest_text(data: dict[str, Any], remarks: Sequence[Remark]) -> str:
    """The text of the manifest, with the remarks as a comment."""
    import toml  # Imported only here, so that builds start fast.

    encoder = toml.TomlEncoder()

    def array(values: list[Any]) -> str:
        line = f"[{', '.join(map(encoder.dump_value, values))}]"
        lines = "".join(f"    {encoder.dump_value(value)},\n" for value in values)
        return line if len(line) <= LONGEST_LINE else f"[\n{lines}]"

    encoder.dump_funcs[list] = array
    # toml's own encoding is wrong if a string ends in a backslash.
    encoder.dump_funcs[str] = lambda text: json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    lines = "".join(f"#   {remark}\n" for remark in remarks)
    comment = f"# Not carried over from Kbuild, or changed:\n{lines}\n" if lines else ""
    return comment + str(toml.dumps(data, encoder=encoder))
