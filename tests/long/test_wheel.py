# SPDX-License-Identifier: MIT
"""The plugin as a package: installed in an environment of its own, used by a project that has nothing else of ours."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from checkout import PARTS, PROJECT, Checkout

SCONSTRUCT = """\
env = Environment(tools=["kmod"])
for target in env.KmodTargets():
    for manifest in env.KmodManifests("."):
        env.KernelModule(target, manifest)
env.KmodCommands()
"""


def run(*argv: str | Path, cwd: Path) -> str:
    """Run a program that sees nothing of this project, and return what it prints."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def scons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scons of an environment into which a wheel of this project was installed."""
    directory = tmp_path_factory.mktemp("wheel")
    (directory / "source").mkdir()
    for part in (*PARTS, "pyproject.toml", "README.md", "LICENSES"):
        copy = shutil.copytree if (PROJECT / part).is_dir() else shutil.copy2
        copy(PROJECT / part, directory / "source" / part)
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", directory, directory / "source", cwd=directory)
    (wheel,) = directory.glob("*.whl")
    venv.create(directory / "venv", with_pip=True)
    run(directory / "venv/bin/pip", "install", "-q", wheel, cwd=directory)
    shutil.rmtree(directory / "source")
    return directory / "venv/bin/scons"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    shutil.copytree(PROJECT / "modules/rust_minimal", directory)
    (directory / "SConstruct").write_text(SCONSTRUCT)
    return directory


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_project_outside_builds_and_tests_the_same_module(scons: Path, project: Path, checkout: Checkout) -> None:
    checkout.scons()
    run(scons, cwd=project)
    (module,) = project.glob("build/*/modules/*/*.ko")
    assert digest(module) == checkout.modules()["rust_minimal.ko"]
    assert "is up to date" in run(scons, "-Q", cwd=project)
    assert "1 passed" in run(scons, "test", cwd=project)
    said = run(scons, "-Q", "why", "NEXT=1", cwd=project)
    assert said.splitlines()[2:] == ["  it is up to date"]
