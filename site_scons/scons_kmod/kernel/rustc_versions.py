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

from scons_kmod.base.atomic import write_text
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.sysroot import System
from scons_kmod.engine.digests import text_digest
from scons_kmod.engine.remember import Answer, remembered
from scons_kmod.kernel.tool_finder import Tool

Version = tuple[int, ...]
# A flag (a pattern for the whole word), the first rustc that takes it, and what older ones take, empty for nothing.
OLDER_FLAGS = (
    (r"-Cjump-tables=n", (1, 93), "-Zno-jump-tables"),
    (r"--remap-path-scope=(\w+)", (1, 95), r"-Zremap-path-scope=\1"),
    (r"-Zmin-function-alignment=\d+", (1, 96), ""),
    (r"-Zindirect-branch-cs-prefix", (1, 96), ""),
    # A feature of the target: `target_file`.
    (r"-Zretpoline-external-thunk", (1, 96), ""),
)
RETPOLINES = "-Zretpoline-external-thunk"
RETPOLINE_FEATURES = "+retpoline-external-thunk,+retpoline-indirect-branches,+retpoline-indirect-calls"
TARGET_FLAG = "--target=x86_64-unknown-none"
# The lints that are turned off came one after the other.
FIRST_WITH_ALL_LINTS = (1, 96)
# What this project's crates use of the library, and when that was stable.
USED_FEATURES = (("box_uninit_write", (1, 87)),)


def rustc_version(rustc: Tool) -> Version:
    """The first two numbers of a version."""
    return tuple(map(int, re.findall(r"\d+", rustc.version)[:2]))


def flags_for_rustc(rustc: Tool, flags: Iterable[str]) -> tuple[str, ...]:
    """Flags as this rustc takes them; what it has nothing for is left out."""
    version = rustc_version(rustc)
    lints = "-Aunknown_lints" if version < FIRST_WITH_ALL_LINTS else ""
    return tuple(filter(None, (lints, *(flag_in_version(flag, version) for flag in flags))))


def flag_in_version(flag: str, version: Version) -> str:
    """What rustc of a version takes for a flag, empty for nothing."""
    for pattern, first, old in OLDER_FLAGS:
        if version < first and (match := re.fullmatch(pattern, flag)):
            return match.expand(old)
    return flag


def feature_flags(rustc: Tool) -> tuple[str, ...]:
    """Flags that turn on what this project's crates take for stable."""
    return tuple(f"-Zcrate-attr=feature({name})" for name, first in USED_FEATURES if rustc_version(rustc) < first)


def library_edition(rustc: Tool) -> str:
    """The edition of core and alloc (rust/Makefile, core-edition, 6.12.118)."""
    return "2024" if rustc_version(rustc) >= (1, 87) else "2021"


def write_rustc_target(
    flags: Iterable[str], rustc: Tool, system: System, cache: Path, directory: Path, log: RunLog
) -> Path | None:
    """rustc's target with retpolines as features, in a file in the cache; None if rustc has a flag for them, or the
    kernel has none.

    The file's name is a digest of its content, so that the flag with its path says what is in it. Raises `StepError`.
    """
    if RETPOLINES not in flags or flag_in_version(RETPOLINES, rustc_version(rustc)):
        return None

    def ask() -> Answer:
        argv = (rustc.path, "-Zunstable-options", "--print=target-spec-json", TARGET_FLAG)
        env = {"RUSTC_BOOTSTRAP": "1", **dict(rustc.env)}
        told = log.inside(system.enter_args).run(argv, step="TARGET", unit="rustc", env=env).stdout
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
