# SPDX-License-Identifier: MIT
"""The SConstructs in docs/guide/your-own-project.md, as a reader would try them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checkout import PROJECT
from embedding_project import EmbeddingProject

PAGE = (PROJECT / "docs/guide/your-own-project.md").read_text()
SNIPPETS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def project(tmp_path: Path) -> EmbeddingProject:
    """A module in a directory beside SConstruct, as on the page."""
    project = EmbeddingProject(tmp_path / "project")
    project.c_module("one")
    (project.path / "modules/one").rename(project.path / "one")
    (project.path / "modules").rmdir()
    project.write("answer.txt", "42")
    return project


def test_the_page_has_these_snippets() -> None:
    assert len(SNIPPETS) == 3


def test_the_first(project: EmbeddingProject) -> None:
    (project.path / "SConstruct").write_text(SNIPPETS[0])
    project.scons()
    assert project.modules().keys() == {"one.ko"}


def test_a_built_source(project: EmbeddingProject) -> None:
    (project.path / "SConstruct").write_text(SNIPPETS[1])
    source = project.path / "one/one.c"
    text = source.read_text().replace("static int", '#include "answer.h"\nstatic int')
    source.write_text(text.replace("return 0", "return ANSWER"))
    project.scons()
    before = project.modules()
    project.write("answer.txt", "43")
    project.scons("one")
    assert project.modules() != before


def test_own_variables_and_targets(project: EmbeddingProject) -> None:
    (project.path / "SConstruct").write_text(SNIPPETS[2])
    project.scons("dist", "MODE=debug")
    (debug,) = project.path.glob("build/*/modules/one/one.ko-debug")
    assert debug.read_bytes() == (project.path / "dist/one.ko").read_bytes()
    project.scons("sum-one")
    assert (project.path / "out/one.sum").exists()
