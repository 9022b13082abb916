# SPDX-License-Identifier: MIT
from __future__ import annotations

import io
import tarfile
from pathlib import Path

from miniature import module, write

from scons_kmod.base.tar import tar_archive
from scons_kmod.packaging.source_tree import install_args, source_tree
from scons_kmod.target.settings import Settings


def test_a_modules_files_and_an_sconstruct_for_them(tmp_path: Path) -> None:
    manifest = module(tmp_path, "echo")
    for name in ("src/deep/a.rs", ".git/config", "build/debian-6.12/x.o", "__pycache__/x.pyc", ".hidden"):
        write(tmp_path / name, name)
    files = source_tree(manifest)
    assert sorted(files) == ["SConstruct", "module/echo.rs", "module/module.toml", "module/src/deep/a.rs"]
    assert b'env.KmodManifests("module")' in files["SConstruct"]


def test_an_archive_is_the_same_each_time_and_in_any_order() -> None:
    files = {"b/x": b"1", "a": b"22"}
    archive_bytes = tar_archive(files, 1770076800)
    assert tar_archive(dict(reversed(files.items())), 1770076800) == archive_bytes
    with tarfile.open(fileobj=io.BytesIO(archive_bytes)) as archive:
        assert [(entry.name, entry.mtime, entry.uid) for entry in archive] == [
            ("a", 1770076800, 0),
            ("b/x", 1770076800, 0),
        ]


def test_keys_are_not_in_a_source_package() -> None:
    settings = Settings(mod_dir="extra", mod_strip="--strip-debug -v", sign_key="/root/key.pem")
    assert install_args(settings) == ("INSTALL_MOD_DIR=extra", "INSTALL_MOD_STRIP=--strip-debug -v")
    assert install_args(Settings()) == ("INSTALL_MOD_DIR=updates",)
