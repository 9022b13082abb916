# SPDX-License-Identifier: MIT
"""Random changes of headers: as long as the fingerprint of whole bindings is one that was seen before, bindgen must
write the same of all that matters: of what Rust code reaches, and of all records with their implementations of traits.

By hand, with more of them: python test_whole_fingerprint_against_bindgen.py SEED MUTATIONS DIRECTORY
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2] / name) for name in ("site_scons", "tests")]

from graph.test_fingerprint_against_bindgen import LIBCLANG, UNIT, Walk, report
from scons_kmod.bindings import whole_fingerprint
from scons_kmod.bindings.layout_checks import items
from scons_kmod.bindings.libclang import HeaderError

FLAGS = ["-std=gnu11", "-w", "-D__LINE__=0", "-Wno-builtin-macro-redefined"]
# As the kernel's makefile has them (rust/Makefile).
ARGS = (
    "--use-core --with-derive-default --ctypes-prefix ffi --no-layout-tests --no-debug .* --no-rustfmt-bindings".split()
)
NAMED = re.compile(r"\bpub (?:fn|static(?: mut)?|const|type) (?:r#)?(\w+?)_? ?[:(=](?: (?:r#)?(\w+) =)?")
# The types of constants that are macros. The type of another constant is an enum.
INTEGERS = {f"{sign}{bits}" for sign in "iu" for bits in (8, 16, 32, 64)}
NUMBERED = re.compile(r"\b_bindgen_ty_\d+\b")
RECORD = re.compile(r"^impl\b|\bpub (?:struct|union) |\bimpl\b")


def what_matters(bindings: str, reached: set[str]) -> list[str]:
    """The items of bindings that Rust code reaches, and all records, in their order."""
    found = []
    for item in items(bindings):
        if RECORD.search(item):
            found.append(item)
        elif (match := NAMED.search(item)) and {match[1], match[2], f"{match[1]}_"} - INTEGERS & reached:
            # An enum without a name is an alias of an integer: nobody can tell its number.
            found.append(NUMBERED.sub("_bindgen_ty_", item))
    return [item for item in found if RECORD.search(item)] + sorted(item for item in found if not RECORD.search(item))


class Against:
    """What both programs make of headers."""

    def __init__(self, directory: Path, tool: str) -> None:
        self.directory, self.tool = directory, tool
        (directory / "unit.h").write_text(UNIT)
        self.request = {
            "libclang": LIBCLANG,
            "header": str(directory / "unit.h"),
            "flags": FLAGS,
            "sources": [str(directory / "source.rs")],
            **{"functions": "", "names": [], "fingerprints": [], "prefixes": []},
            **{name: str(directory / name) for name in ("fingerprint", "declared", "depfile")},
        }

    def fingerprint(self, files: dict[str, list[str]], names: list[str]) -> str | None:
        """The fingerprint, or None if the headers can't be compiled."""
        for name, chunks in files.items():
            (self.directory / name).write_text("".join(chunks))
        (self.directory / "source.rs").write_text(" ".join(names))
        try:
            whole_fingerprint.write_fingerprint(self.request)
        except HeaderError:
            return None
        return (self.directory / "fingerprint").read_text()

    def bindings(self, fingerprint: str) -> list[str] | None:
        """What matters of that which bindgen makes of the headers; None if it can't."""
        argv = [self.tool, str(self.directory / "unit.h"), *ARGS, "--", *FLAGS]
        env = {**os.environ, "LIBCLANG_PATH": LIBCLANG}
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
        reached = set(json.loads(fingerprint)["declarations"])
        return what_matters(done.stdout, reached) if done.returncode == 0 else None


@dataclasses.dataclass
class Counts:
    """What came of it."""

    compiled: int = 0
    same: int = 0
    fingerprints: int = 0


def run(directory: Path, tool: str, seed: int, mutations: int) -> Counts:
    """Walk from the headers in random steps, as often as given."""
    walk, against, counts = Walk(random.Random(seed)), Against(directory, tool), Counts()
    seen: dict[str, tuple[str, dict[str, list[str]], list[str]]] = {}
    names: list[str] = []
    before = ""
    for number in range(mutations):
        if number % 12 == 0:
            walk.reset()
            names = walk.chosen_names()
        kept = {name: list(chunks) for name, chunks in walk.files.items()}
        walk.mutate()
        key = against.fingerprint(walk.files, names)
        matters = against.bindings(key) if key else None
        if key is None or matters is None:
            walk.files = kept
            continue
        text = "\n".join(matters)
        counts.compiled += 1
        counts.same += key == before
        if key in seen and seen[key][0] != text:
            report(directory, seen[key], (text, walk.files, names))
            raise AssertionError(f"seed {seed}, mutation {number}: other items with the same fingerprint: {directory}")
        seen.setdefault(key, (text, {name: list(chunks) for name, chunks in walk.files.items()}, names))
        before = key
    counts.fingerprints = len(seen)
    return counts


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_fingerprint_means_the_same_of_all_that_matters(tmp_path: Path, seed: int) -> None:
    counts = run(tmp_path, shutil.which("bindgen") or "/usr/bin/bindgen", seed, 60)
    assert counts.compiled > 20
    assert counts.same > 3


if __name__ == "__main__":
    print(run(Path(sys.argv[3]), "/usr/bin/bindgen", int(sys.argv[1]), int(sys.argv[2])))
