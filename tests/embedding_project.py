# SPDX-License-Identifier: MIT
"""A user's project with a SConstruct of its own, and with small modules of C, which build in a second."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from checkout import OwnProject

SCONSTRUCT = """\
env = Environment(tools=["kmod", "install"])
{first}
kos = {{}}
for target in env.KmodTargets():
    for manifest in env.KmodManifests():
        kos[manifest.name] = env.KernelModule(target, manifest)
{last}
env.KmodCommands()
"""
C_SOURCE = """\
#include <linux/module.h>
{text}
static int __init start(void) {{ return {result}; }}
module_init(start);
MODULE_LICENSE("GPL");
"""
# A file takes the time of a clock that ticks every few milliseconds.
TICK_S = 0.03


class EmbeddingProject(OwnProject):
    """A project that is built as a user would build it."""

    def sconstruct(self, last: str = "", first: str = "") -> None:
        """An SConstruct that also has these lines: `first` before the modules, `last` before `KmodCommands`."""
        (self.path / "SConstruct").write_text(SCONSTRUCT.format(first=first, last=last))

    def c_module(self, name: str, text: str = "", result: str = "0", sources: Iterable[str] = ()) -> None:
        """A module with a source of its own, whose text is `text` and a function that returns `result`.

        `sources` are more of its manifest's, which need not exist.
        """
        names = ", ".join(f'"{source}"' for source in (f"{name}.c", *sources))
        manifest = f'[module]\nname = "{name}"\n\n[c]\nsources = [{names}]\n'
        self.module(name, {f"{name}.c": C_SOURCE.format(text=text, result=result)}, manifest)

    def write(self, name: str, text: str) -> None:
        """Write a file, and wait until a build can tell its time from that of a later change."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        time.sleep(TICK_S)

    def lines(self, *args: str) -> list[str]:
        """What a build prints."""
        return self.scons("-Q", *args).stdout.splitlines()

    def is_up_to_date(self) -> bool:
        """Whether a build runs nothing."""
        lines = self.lines()
        return self.ran() == [] and lines == ["scons: `all' is up to date."]

    def of_clean_build(self, directory: Path, built: Iterable[str] = ()) -> dict[str, str]:
        """The modules' digests after a build from nothing, in another directory. `built` are files that it makes."""
        shutil.copytree(self.path, directory, ignore=shutil.ignore_patterns("build", ".sconsign*"))
        for name in built:
            (directory / name).unlink()
        other = EmbeddingProject(directory)
        shutil.copy2(self.path / "SConstruct", directory)
        other.scons()
        return other.modules()
