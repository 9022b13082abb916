# SPDX-License-Identifier: MIT
"""The steps that fingerprint the headers of the kernel's bindings: bindgen runs only if a fingerprint has changed.

bindgen writes all that the headers declare. Of this the fingerprint has what the kernel's own Rust sources and those of
modules use, and what decides the names of symbols (bindings/whole_fingerprint.py).
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path

from scons_kmod.base.library_process import process_args, process_files
from scons_kmod.bindings import processes
from scons_kmod.engine.digests import TOKENS
from scons_kmod.engine.header_search import include_directories
from scons_kmod.engine.identifiers import IDENTIFIER
from scons_kmod.engine.step import Command, Step
from scons_kmod.engine.views import IDENTIFIERS, View
from scons_kmod.mainline.mainline import BINDINGS, Mainline, bindings_helper_header
from scons_kmod.mainline.plan import Rule
from scons_kmod.manifest.source_files import files_below

# rust/Makefile removes prefixes of C names with sed: ``s/pub const RUST_CONST_HELPER_([a-zA-Z0-9_]*)/pub const \1/g``.
REMOVED_PREFIX = re.compile(r"s/pub \w+ (\w+_)\(\[a-zA-Z0-9_\]\*\)/.*pub \w+ \\1/g")


def fingerprint_file(mainline: Mainline, rule: Rule) -> Path | None:
    """The fingerprint for a rule of bindings. None if it is not known how Rust code names what the rule writes."""
    edits = [arg for command in rule.commands[1:] for program in command.programs for arg in program[2:3]]
    if len(edits) != len(rule.commands) - 1 or not all(map(REMOVED_PREFIX.fullmatch, edits)):
        return None
    return mainline.plan.objtree.parent / "fingerprints" / Path(rule.output).stem / "fingerprint.json"


def fingerprint_step(mainline: Mainline, rule: Rule, fingerprint: Path) -> Step:
    """Write the fingerprint for a rule of bindings."""
    target = mainline.target
    bindgen = target.toolchain.bindgen
    header, *args = rule.commands[0].programs[0][1:]
    header, header_files = bindings_helper_header(mainline, rule, header)
    bindgen_args, flags = args[: args.index("--")], args[args.index("--") + 1 :]
    functions = allowed_functions(rule)
    sources = () if functions else rust_sources(mainline)
    others = tuple(function_fingerprints(mainline)) if rule.output == BINDINGS else ()
    declared, depfile, request_file = (
        fingerprint.with_name(name) for name in ("declared.txt", "fingerprint.d", "request.json")
    )
    request = {
        "libclang": dict(bindgen.env)["LIBCLANG_PATH"],
        "header": header,
        "flags": [flag for flag in flags if not flag.startswith("-Wp,")],
        "functions": functions,
        "sources": [str(path) for path in sources],
        # An enum that bindgen writes as a type has implementations of traits, too.
        "names": sorted(set(IDENTIFIER.findall(" ".join(bindgen_args)))),
        "fingerprints": [str(path) for path in others],
        "prefixes": sorted(prefixes(mainline)),
        **{"fingerprint": str(fingerprint), "declared": str(declared), "depfile": str(depfile)},
    }
    argv = process_args(target.system.python, "bindings.whole_fingerprint", request_file)
    return Step(
        name="DIGEST",
        unit=Path(rule.output).stem,
        commands=(Command(argv, mainline.plan.objtree),),
        outputs=(fingerprint, declared),
        inputs=others,
        tracked=process_files(*processes.WHOLE_FINGERPRINT_MODULES),
        depfiles=(depfile,),
        views=(View(IDENTIFIERS, sources, (declared,)),) if sources else (),
        written_files=((request_file, json.dumps(request, indent=1)), *header_files),
        tools=(bindgen.digest,),
        order_only=written_sources(mainline) if sources else (),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=include_directories(flags, str(mainline.plan.objtree)),
    )


def allowed_functions(rule: Rule) -> str:
    """The pattern of the functions that bindgen writes if it writes no types; otherwise empty."""
    args = rule.commands[0].programs[0]
    options = dict(itertools.pairwise(args))
    return options.get("--allowlist-function", "") if options.get("--blocklist-type") == ".*" else ""


def function_fingerprints(mainline: Mainline) -> Iterator[Path]:
    """The fingerprints of rules that write functions without types. The other bindings must have the types."""
    for rule in mainline.plan.rules:
        if rule.tool == "bindgen" and allowed_functions(rule) and (fingerprint := fingerprint_file(mainline, rule)):
            yield fingerprint


def prefixes(mainline: Mainline) -> set[str]:
    """The prefixes of C names that are removed from names in the bindings."""
    args = (arg for rule in mainline.plan.rules for command in rule.commands[1:] for arg in command.programs[0])
    return {match[1] for arg in args if (match := REMOVED_PREFIX.fullmatch(arg))}


def rust_sources(mainline: Mainline) -> tuple[Path, ...]:
    """The Rust sources that may name what the bindings have: the kernel's, without programs, and modules'."""
    rust = mainline.plan.srctree / "rust"
    # What is compiled to .rlib is linked into proc macros. It has nothing of the kernel in it.
    roots = (rule.commands[0].programs[0] for rule in mainline.plan.rules if rule.output.endswith(".rlib"))
    host = {Path(arg).parent for args in roots for arg in args if arg.endswith(".rs")}
    kernel = (path for path in files_below(rust, ".rs", mainline.target.build.parent) if host.isdisjoint(path.parents))
    return (*sorted(kernel), *written_sources(mainline), *mainline.sources)


def written_sources(mainline: Mainline) -> tuple[Path, ...]:
    """The Rust sources that other steps write: those of rules, and those of modules' generators."""
    rules = (rule for rule in mainline.plan.rules if rule.tool not in ("rustc", "bindgen"))
    kernel = (path for rule in rules for path in mainline.outputs(rule) if path.suffix == ".rs")
    return (*kernel, *mainline.written_sources)
