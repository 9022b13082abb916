# SPDX-License-Identifier: MIT
"""How versions of rustc differ: which flags, features and editions a version takes.

Three versions were looked at: 1.85 (Debian 13), 1.96 and 1.97. For 1.87 and 1.93, the kernel's makefiles say so
(rust/Makefile, core-edition; arch/x86/Makefile, jump tables). The other changes came between 1.85 and 1.96; in which
version is not known.
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

RustcVersion = tuple[int, ...]
# A flag (a pattern for the whole arg), the first rustc that takes it, and the flag for older ones, empty for none.
OLDER_FLAGS = (
    (r"-Cjump-tables=n", (1, 93), "-Zno-jump-tables"),
    (r"--remap-path-scope=(\w+)", (1, 95), r"-Zremap-path-scope=\1"),
    (r"-Zmin-function-alignment=\d+", (1, 96), ""),
    (r"-Zindirect-branch-cs-prefix", (1, 96), ""),
    # Older ones take it as a feature of the target (`write_rustc_target`).
    (r"-Zretpoline-external-thunk", (1, 96), ""),
)
RETPOLINES = "-Zretpoline-external-thunk"
RETPOLINE_FEATURES = "+retpoline-external-thunk,+retpoline-indirect-branches,+retpoline-indirect-calls"
TARGET_FLAG = "--target=x86_64-unknown-none"
# Older ones don't know some of the lints that are turned off.
FIRST_WITH_ALL_LINTS = (1, 96)
# Features of the library that this project's crates use, and the first rustc in which they are stable.
USED_FEATURES = (("box_uninit_write", (1, 87)),)


def rustc_version(rustc: Tool) -> RustcVersion:
    """The first two numbers of rustc's version."""
    return tuple(map(int, re.findall(r"\d+", rustc.version)[:2]))


def flags_for_rustc(rustc: Tool, flags: Iterable[str]) -> tuple[str, ...]:
    """Flags as this rustc takes them. A flag for which it has nothing is dropped."""
    version = rustc_version(rustc)
    lints = "-Aunknown_lints" if version < FIRST_WITH_ALL_LINTS else ""
    return tuple(filter(None, (lints, *(flag_in_version(flag, version) for flag in flags))))


def flag_in_version(flag: str, version: RustcVersion) -> str:
    """The flag that rustc of a version takes instead of `flag`, empty for none."""
    for pattern, first, old in OLDER_FLAGS:
        if version < first and (match := re.fullmatch(pattern, flag)):
            return match.expand(old)
    return flag


def feature_flags(rustc: Tool) -> tuple[str, ...]:
    """Flags that turn on the features that this project's crates use and that are not stable in this rustc."""
    return tuple(f"-Zcrate-attr=feature({name})" for name, first in USED_FEATURES if rustc_version(rustc) < first)


def library_edition(rustc: Tool) -> str:
    """The edition of core and alloc (rust/Makefile, core-edition, 6.12.118)."""
    return "2024" if rustc_version(rustc) >= (1, 87) else "2021"


def write_rustc_target(
    flags: Iterable[str], rustc: Tool, system: System, cache: Path, directory: Path, log: RunLog
) -> Path | None:
    """Write rustc's target with retpolines as features, and return the file, which is in the cache.

    None if rustc has a flag for retpolines or the kernel has none. The file's name is a digest of its content, so the
    flag with the path says what the content is. Raises `StepError`.
    """
    if RETPOLINES not in flags or flag_in_version(RETPOLINES, rustc_version(rustc)):
        return None

    def ask() -> Answer:
        argv = (rustc.path, "-Zunstable-options", "--print=target-spec-json", TARGET_FLAG)
        env = {"RUSTC_BOOTSTRAP": "1", **dict(rustc.env)}
        printed = log.inside(system.enter_args).run(argv, step="TARGET", unit="rustc", env=env).stdout
        spec = json.loads(printed)
        spec.pop("is-builtin", None)
        spec["features"] = ",".join(filter(None, (spec.get("features", ""), RETPOLINE_FEATURES)))
        text = json.dumps(spec, indent=1) + "\n"
        path = cache / "rustc-targets" / f"{text_digest(text)[:16]}.json"
        write_text(path, text)
        return str(path), [Path(__file__)]

    answer, key = directory / "rustc-target.json", [rustc.digest, str(system.root), str(cache)]
    if not is_whole(Path(remembered(answer, key, ask))):
        answer.unlink()
    return Path(remembered(answer, key, ask))


def is_whole(target_file: Path) -> bool:
    """Whether a file with rustc's target has the content that its name says."""
    try:
        return text_digest(target_file.read_text(errors="surrogateescape"))[:16] == target_file.stem
    except OSError:
        return False
