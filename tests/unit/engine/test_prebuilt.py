# SPDX-License-Identifier: MIT
"""A first build imports outputs from an installed package, if it would make the same itself."""

from __future__ import annotations

import dataclasses
import shutil
import time
from pathlib import Path

import pytest

from scons_kmod.base.atomic import write_bytes
from scons_kmod.base.errors import MachineError
from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.build_state import BuildState
from scons_kmod.engine.digests import Digests
from scons_kmod.engine.prebuilt import OUTPUTS, TRACES, Prebuilt, open_prebuilt, package_files
from scons_kmod.engine.run_step import run_step
from scons_kmod.engine.step import Command, Step
from scons_kmod.engine.up_to_date import out_of_date_reasons


@dataclasses.dataclass
class Build:
    """A build directory, with a step that compiles a source outside of it, and one that copies its output."""

    build: Path
    source: Path

    @property
    def first(self) -> Step:
        output, depfile = self.build / "first", self.build / "first.d"
        script = f"cat {self.source} > {output}; echo '{output}: {self.source}' > {depfile}"
        return Step(
            name="CC",
            unit="first",
            commands=(Command(("sh", "-c", script), self.build),),
            outputs=(output,),
            depfiles=(depfile,),
            written_files=((self.build / "request.json", "{}"),),
            tools=("compiler's digest",),
        )

    @property
    def second(self) -> Step:
        output = self.build / "second"
        argv = ("cp", str(self.build / "first"), str(output))
        return Step(
            name="CP",
            unit="second",
            commands=(Command(argv, self.build),),
            outputs=(output,),
            inputs=self.first.outputs,
        )

    def state(self) -> BuildState:
        return BuildState(self.build, Digests())

    def run(self) -> None:
        for step in (self.first, self.second):
            run_step(step, self.state(), RunLog())

    def imported(self, package: Path) -> list[bool]:
        """Whether the outputs of each step were imported from a package."""
        state, prebuilt = self.state(), Prebuilt(package, self.build)
        return [prebuilt.import_outputs(step, state) for step in (self.first, self.second)]


@pytest.fixture
def here(tmp_path: Path) -> Build:
    """Where the package was made."""
    source = tmp_path / "source.txt"
    source.write_text("text\n")
    time.sleep(0.03)  # so that the source is older than the step
    build = Build(tmp_path / "here/build", source)
    build.run()
    return build


@pytest.fixture
def package(here: Build, tmp_path: Path) -> Path:
    directory = tmp_path / "package"
    for name, data in package_files((here.first, here.second), here.state(), here.build).items():
        write_bytes(directory / name, data)
    return directory


@pytest.fixture
def there(here: Build, package: Path, tmp_path: Path) -> Build:
    """Where nothing was built yet, and what was built elsewhere is gone."""
    assert package.is_dir()
    shutil.rmtree(here.build)
    return Build(tmp_path / "there/deeper/build", here.source)


def test_a_package_provides_the_outputs_and_nothing_has_to_run(there: Build, package: Path) -> None:
    assert there.imported(package) == [True, True]
    assert (there.build / "second").read_text() == "text\n"
    assert [list(out_of_date_reasons(step, there.state())) for step in (there.first, there.second)] == [[], []]
    # Other steps read it.
    assert (there.build / "request.json").read_text() == "{}"


def test_a_package_does_not_depend_on_the_build_directory(here: Build, package: Path, tmp_path: Path) -> None:
    assert str(here.build) not in (package / TRACES).read_text()
    other = Build(tmp_path / "elsewhere/build", here.source)
    other.run()
    again = package_files((other.first, other.second), other.state(), other.build)
    assert again == {name: (package / name).read_bytes() for name in (TRACES, OUTPUTS)}


def test_what_was_built_here_is_left_alone(there: Build, package: Path) -> None:
    there.run()
    assert there.imported(package) == [False, False]


def test_another_source_is_compiled(there: Build, package: Path) -> None:
    there.source.write_text("other\n")
    assert there.imported(package) == [False, False]
    assert not (there.build / "first").exists()


def test_another_compiler_compiles(there: Build, package: Path) -> None:
    step = dataclasses.replace(there.first, tools=("another",))
    assert not Prebuilt(package, there.build).import_outputs(step, there.state())


def test_a_step_that_the_package_lacks(there: Build, package: Path) -> None:
    step = dataclasses.replace(there.second, outputs=(there.build / "third",))
    assert not Prebuilt(package, there.build).import_outputs(step, there.state())


def test_precompiled_headers_are_left_out(here: Build) -> None:
    output = here.build / "x.h.gch"
    step = dataclasses.replace(here.second, outputs=(output,), commands=(Command(("touch", str(output)), here.build),))
    state = here.state()
    run_step(step, state, RunLog())
    files = package_files((step,), state, here.build)
    assert files[TRACES] == b"{}\n"


def test_there_may_be_no_package_for_the_kernel(tmp_path: Path) -> None:
    assert open_prebuilt("6.12.1", tmp_path / "build", tmp_path) is None


def test_a_damaged_package_is_an_error(there: Build, package: Path) -> None:
    (package / OUTPUTS).write_bytes(b"")
    with pytest.raises(MachineError, match=r"outputs\.tar: can't be read: .*\n    reinstall the package"):
        there.imported(package)
    (package / TRACES).write_text("{")
    with pytest.raises(MachineError, match=r"traces\.json: can't be read: "):
        there.imported(package)
