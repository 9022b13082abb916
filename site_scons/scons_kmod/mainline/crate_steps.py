# SPDX-License-Identifier: MIT
"""The steps that make the kernel's own crates, each by a rule of the plan."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.base.library_process import process_args
from scons_kmod.engine.digests import LINES, TOKENS
from scons_kmod.engine.header_search import include_directories
from scons_kmod.engine.step import Command, Step
from scons_kmod.kernel.rustc import RUSTC_COLOR, RUSTC_ENVIRONMENT
from scons_kmod.mainline.mainline import BINDINGS, Mainline, emitted_paths
from scons_kmod.mainline.plan import Rule
from scons_kmod.mainline.plan_trees import TARGET_FILE

# What changes nothing that is made but the time it takes, or only what a depfile says of files that other steps make.
LEFT_OUT = ("-Zbinary_dep_depinfo=y", "-O")


def mainline_crate_steps(mainline: Mainline) -> list[Step]:
    """All steps that the crates need."""
    first = target_file_steps(mainline) if mainline.plan.target_file else []
    return [*first, *(rule_step(mainline, rule) for rule in mainline.plan.rules)]


def rule_step(mainline: Mainline, rule: Rule) -> Step:
    """A rule as a step."""
    make = {"rustc": kernel_rustc_step, "bindgen": kernel_bindgen_step}.get(rule.tool, preprocess_step)
    return make(mainline, rule)


def target_file_steps(mainline: Mainline) -> list[Step]:
    """rustc's target for this kernel, as the kernel's own program writes it (scripts/generate_rust_target.rs)."""
    target, plan = mainline.target, mainline.plan
    source = plan.source / "scripts/generate_rust_target.rs"
    maker, made = mainline.path("scripts/generate_rust_target"), mainline.path(TARGET_FILE)
    rustc = target.toolchain.rustc
    compiled = (rustc.path, "--edition=2021", "--crate-name=generate_rust_target", "-o", str(maker), str(source))
    config, request = (mainline.path(f"scripts/target{end}") for end in (".conf", "_request.json"))
    text = (target.tree.path / "include/config/auto.conf").read_text()
    text += "".join(f"{name}={value}\n" for name, value in plan.overrides)
    asked = {"programs": [[str(maker)]], "input": str(config), "output": str(made)}
    return [
        Step(
            name="RUSTC",
            unit="generate_rust_target",
            commands=(Command(compiled, plan.objects, (*RUSTC_ENVIRONMENT, *rustc.env), RUSTC_COLOR),),
            outputs=(maker,),
            tracked=(source,),
            tools=(rustc.digest,),
            digest_kind=LINES,
        ),
        Step(
            name="TARGET",
            unit=made.name,
            commands=(Command(process_args(target.system.python, "base.pipeline", request), plan.objects),),
            outputs=(made,),
            inputs=(maker,),
            written_files=((config, text), (request, json.dumps(asked, indent=1))),
        ),
    ]


def kernel_rustc_step(mainline: Mainline, rule: Rule) -> Step:
    """A crate: its metadata; of those that run in rustc itself, the library."""
    part = rule.parts[0]
    words = kept_rustc_args(mainline, part.programs[0][1:])
    emitted = dict(emitted_paths(words))
    for_kernel = "metadata" in emitted
    rustc = mainline.target.toolchain.rustc
    argv = (rustc.path, *words, *(codegen_args(mainline) if for_kernel else ()))
    commands = [Command(argv, mainline.plan.objects, (*RUSTC_ENVIRONMENT, *part.env, *rustc.env), RUSTC_COLOR)]
    if for_kernel and mainline.carried:
        objcopy = mainline.target.kbuild.binutil("objcopy")
        edits = (one.programs[0] for one in rule.parts[1:] if one.programs[0][0] == "objcopy")
        commands += [Command((objcopy, *words[1:]), mainline.plan.objects) for words in edits]
    sources = [mainline.plan.objects / word for word in words if word.endswith(".rs") and not word.startswith("-")]
    target_file = (mainline.path(TARGET_FILE),) if for_kernel and mainline.plan.target_file else ()
    return Step(
        name="RUSTC",
        unit=words[words.index("--crate-name") + 1],
        commands=tuple(commands),
        outputs=mainline.outputs(rule),
        inputs=(*target_file, *mainline.all_of(rule.needs)),
        tracked=(*sources, mainline.path("include/generated/rustc_cfg")),
        depfiles=(mainline.path(emitted["dep-info"]),),
        tools=(rustc.digest,),
        digest_kind=LINES,
        compare_raw=bool(mainline.target.krustflags),
    )


def kept_rustc_args(mainline: Mainline, words: Iterable[str]) -> list[str]:
    """Kbuild's words for rustc, less what nothing here depends on."""
    kept = [word for word in words if word not in LEFT_OUT]
    # What a module does not reach is dropped by sections.
    return (
        [word.replace("-Zfunction-sections=n", "-Zfunction-sections=y") for word in kept] if mainline.carried else kept
    )


def codegen_args(mainline: Mainline) -> tuple[str, ...]:
    """rustc's words for the code of a crate: none, or without a path of this machine in it."""
    if not mainline.carried:
        # Debug information stays: which functions rustc takes for inline depends on it, and so which ones it exports.
        return ("-Zno-codegen",)
    places = {
        mainline.target.toolchain.library_sources: "library",
        f"{mainline.plan.source}/": "",
        str(mainline.plan.objects): "",
    }
    return (
        "-Cdebuginfo=0",
        *(f"--remap-path-prefix={path}={name}" for path, name in places.items()),
    )


def kernel_bindgen_step(mainline: Mainline, rule: Rule) -> Step:
    """Bindings, and the edit that the kernel's makefile makes in them."""
    target = mainline.target
    bindgen = target.toolchain.bindgen
    first, *edits = rule.parts
    header, *words = first.programs[0][1:]
    header, files = bindgen_header(mainline, rule, header)
    commands = [Command((bindgen.path, header, "--no-rustfmt-bindings", *words), mainline.plan.objects, bindgen.env)]
    commands += [Command(part.programs[0], mainline.plan.objects) for part in edits]
    return Step(
        name="BINDGEN",
        unit=Path(rule.made).stem,
        commands=tuple(commands),
        outputs=mainline.outputs(rule),
        depfiles=(preprocessor_depfile(mainline, words),),
        written_files=files,
        tools=(bindgen.digest,),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=include_directories(words, str(mainline.plan.objects)),
    )


def bindgen_header(mainline: Mainline, rule: Rule, header: str) -> tuple[str, tuple[tuple[Path, str], ...]]:
    """The header that bindgen is to read, and the file to write first if modules add some to the kernel's own list."""
    if rule.made != BINDINGS or not mainline.headers:
        return header, ()
    helper = mainline.path(BINDINGS).with_name("kmod_bindings_helper.h")
    lines = (f"#include <{name}>\n" for name in mainline.headers)
    return str(helper), ((helper, f'#include "{header}"\n' + "".join(lines)),)


def preprocess_step(mainline: Mainline, rule: Rule) -> Step:
    """A file that the C preprocessor and other programs write together."""
    target = mainline.target
    (part,) = rule.parts
    request = mainline.path(f"{rule.made}.json")
    (output,) = mainline.outputs(rule)
    words = part.programs[0][1:]
    asked = {"programs": [(target.toolchain.cc.path, *words), *part.programs[1:]], "output": str(output)}
    return Step(
        name="CPP",
        unit=output.name,
        commands=(Command(process_args(target.system.python, "base.pipeline", request), mainline.plan.objects),),
        outputs=(output,),
        depfiles=(preprocessor_depfile(mainline, words),),
        written_files=((request, json.dumps(asked, indent=1)),),
        tools=(target.toolchain.cc.digest,),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=include_directories(words, str(mainline.plan.objects)),
    )


def preprocessor_depfile(mainline: Mainline, words: Iterable[str]) -> Path:
    """The depfile that a preprocessor's flags ask for."""
    return next(mainline.path(word.partition("-MMD,")[2]) for word in words if word.startswith("-Wp,-MMD,"))
