# SPDX-License-Identifier: MIT
"""What rustc did not always have, and what an older one takes in its place.

Seen were 1.85 (Debian 13), 1.96 and 1.97. Makefiles of the kernel tell of 1.87 (rust/Makefile, core-edition) and 1.93
(arch/x86/Makefile, jump tables); of the rest it is not known in which version between 1.85 and 1.96 it came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.atomic import write_text
from scons_kmod.digests import text_digest
from scons_kmod.remember import Answer, remembered
from scons_kmod.run_log import RunLog
from scons_kmod.sysroot import System
from scons_kmod.toolchain import Tool

Version = tuple[int, ...]
# A flag (a pattern for the whole word), the first rustc that takes it, and what older ones take.
OLDER = (
    (r"-Cjump-tables=n", (1, 93), ("-Zno-jump-tables",)),
    (r"--remap-path-scope=(\w+)", (1, 95), (r"-Zremap-path-scope=\1",)),
    (r"-Zmin-function-alignment=\d+", (1, 96), ()),
    (r"-Zindirect-branch-cs-prefix", (1, 96), ()),
    # A feature of the target: `target_file`.
    (r"-Zretpoline-external-thunk", (1, 96), ()),
)
RETPOLINES = "-Zretpoline-external-thunk"
FIRST_WITH_RETPOLINES = (1, 96)
RETPOLINE_FEATURES = "+retpoline-external-thunk,+retpoline-indirect-branches,+retpoline-indirect-calls"
TARGET = "--target=x86_64-unknown-none"
# The lints that are turned off came one after the other.
FIRST_WITH_ALL_LINTS = (1, 96)
# What this project's crates use of the library, and when that was stable.
FEATURES = (("box_uninit_write", (1, 87)),)


def version_of(rustc: Tool) -> Version:
    """The first two numbers of a version."""
    return tuple(map(int, re.findall(r"\d+", rustc.version)[:2]))


def as_taken_by(rustc: Tool, flags: Iterable[str]) -> tuple[str, ...]:
    """Flags as this rustc takes them; what it has nothing for is left out."""
    taken: list[str] = [] if version_of(rustc) >= FIRST_WITH_ALL_LINTS else ["-Aunknown_lints"]
    for flag in flags:
        old = next((old for pattern, first, old in OLDER if is_too_new(rustc, flag, pattern, first)), None)
        taken += [flag] if old is None else [re.sub(pattern_of(flag), word, flag) for word in old]
    return tuple(taken)


def is_too_new(rustc: Tool, flag: str, pattern: str, first: Version) -> bool:
    """Whether a flag is of this pattern, and rustc older than that."""
    return version_of(rustc) < first and re.fullmatch(pattern, flag) is not None


def pattern_of(flag: str) -> str:
    """The pattern in the table that a flag is of."""
    return next(pattern for pattern, _, _ in OLDER if re.fullmatch(pattern, flag))


def missing_features(rustc: Tool) -> tuple[str, ...]:
    """Flags that turn on what this project's crates take for stable."""
    return tuple(f"-Zcrate-attr=feature({name})" for name, first in FEATURES if version_of(rustc) < first)


def library_edition(rustc: Tool) -> str:
    """The edition of core and alloc (rust/Makefile, core-edition, 6.12.118)."""
    return "2024" if version_of(rustc) >= (1, 87) else "2021"


def target_file(
    flags: Iterable[str], rustc: Tool, system: System, cache: Path, directory: Path, log: RunLog
) -> Path | None:
    """rustc's target with retpolines as features, in a file in the cache; None if rustc has a flag for them, or the
    kernel has none.

    The file's name is a digest of its content, so that the flag with its path says what is in it. Raises `StepError`.
    """
    if RETPOLINES not in flags or version_of(rustc) >= FIRST_WITH_RETPOLINES:
        return None

    def ask() -> Answer:
        argv = (rustc.path, "-Zunstable-options", "--print=target-spec-json", TARGET)
        env = {"RUSTC_BOOTSTRAP": "1", **dict(rustc.env)}
        told = log.inside(system.enter).run(argv, step="TARGET", unit="rustc", env=env).stdout
        spec = json.loads(told)
        spec.pop("is-builtin", None)
        spec["features"] = ",".join(filter(None, (spec.get("features", ""), RETPOLINE_FEATURES)))
        text = json.dumps(spec, indent=1) + "\n"
        place = cache / "rustc-targets" / f"{text_digest(text)[:16]}.json"
        write_text(place, text)
        return str(place), [Path(__file__)]

    answer, key = directory / "rustc-target.json", [rustc.digest, str(system.root), str(cache)]
    if not Path(remembered(answer, key, ask)).is_file():
        answer.unlink()
    return Path(remembered(answer, key, ask))
