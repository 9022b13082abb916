# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from manifest_table import read_table

from scons_kmod.base.errors import UserError
from scons_kmod.manifest.sections.depends import Depends


def read_depends(directory: Path, text: str) -> Depends:
    depends: Depends = read_table(directory, "depends", f"[depends]\n{text}\n")
    return depends


def test_modules_and_libraries(tmp_path: Path) -> None:
    text = 'modules = ["my-ring", "other"]\nlibraries = ["codec"]\nnamespaces = ["MY_NS"]'
    assert read_depends(tmp_path, text) == Depends(("my-ring", "other"), ("codec",), ("MY_NS",))
    with pytest.raises(UserError, match=r"\[depends\] namespaces: 'A-B' is not a valid namespace"):
        read_depends(tmp_path, 'namespaces = ["A-B"]')
    with pytest.raises(UserError, match='unknown key\n    did you mean "modules"'):
        read_depends(tmp_path, 'module = ["x"]')
