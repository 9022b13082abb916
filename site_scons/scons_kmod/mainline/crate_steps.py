# SPDX-License-Identifier: MIT
"""The steps that compile the kernel's own crates, each by a rule of the plan.

If the kernel has its crates built in (CONFIG_RUST=y), modules need only the crates' metadata, and no code is generated.
Modules must find the kernel's symbols. The name of a symbol depends on the crate's name and on rustc's version; which
symbols there are depends on the kernel's flags. So all flags that matter for that are kept.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.base.library_process import process_args, process_files
from scons_kmod.engine.digests import RUST, TOKENS
from scons_kmod.engine.header_search import include_directories
from scons_kmod.engine.step import Command, Step
from scons_kmod.kernel.rustc import RUSTC_COLOR, RUSTC_ENVIRONMENT
from scons_kmod.mainline.fingerprints import fingerprint_file, fingerprint_step
from scons_kmod.mainline.mainline import Mainline, bindings_helper_header, emitted_paths
from scons_kmod.mainline.plan import Rule
from scons_kmod.mainline.plan_trees import TARGET_FILE

# Args that change only how long rustc runs, or only which outputs of other steps a depfile lists.
DROPPED_ARGS = ("-Zbinary_dep_depinfo=y", "-O")


def mainline_crate_steps(mainline: Mainline) -> list[Step]:
    """The steps of all the kernel's crates that modules need."""
    target_file = target_file_steps(mainline) if mainline.plan.target_file else []
    steps = [*target_file, *(step for rule in mainline.plan.rules for step in rule_steps(mainline, rule))]
    return [dataclasses.replace(step, shared=True) for step in steps]


def rule_steps(mainline: Mainline, rule: Rule) -> list[Step]:
    """The steps of a rule: one, or for bindings two."""
    if rule.tool != "bindgen":
        return [kernel_rustc_step(mainline, rule) if rule.tool == "rustc" else preprocess_step(mainline, rule)]
    fingerprint = fingerprint_file(mainline, rule)
    gate = [fingerprint_step(mainline, rule, fingerprint)] if fingerprint else []
    return [*gate, kernel_bindgen_step(mainline, rule, fingerprint)]


def target_file_steps(mainline: Mainline) -> list[Step]:
    """The steps that write the file with rustc's target, with the kernel's own scripts/generate_rust_target.rs."""
    target, plan = mainline.target, mainline.plan
    source = plan.srctree / "scripts/generate_rust_target.rs"
    program, target_file = mainline.path("scripts/generate_rust_target"), mainline.path(TARGET_FILE)
    rustc = target.toolchain.rustc
    argv = (rustc.path, "--edition=2021", "--crate-name=generate_rust_target", "-o", str(program), str(source))
    config_file, request_file = (mainline.path(f"scripts/target{end}") for end in (".conf", "_request.json"))
    config = (target.tree.path / "include/config/auto.conf").read_text()
    config += "".join(f"{name}={value}\n" for name, value in plan.overrides)
    request = {"programs": [[str(program)]], "input": str(config_file), "output": str(target_file)}
    return [
        Step(
            name="RUSTC",
            unit="generate_rust_target",
            commands=(Command(argv, plan.objtree, (*RUSTC_ENVIRONMENT, *rustc.env), RUSTC_COLOR),),
            outputs=(program,),
            tracked=(source,),
            tools=(rustc.digest,),
            digest_kind=RUST,
        ),
        Step(
            name="TARGET",
            unit=target_file.name,
            commands=(Command(process_args(target.system.python, "base.pipeline", request_file), plan.objtree),),
            outputs=(target_file,),
            inputs=(program,),
            tracked=process_files("base.pipeline"),
            written_files=((config_file, config), (request_file, json.dumps(request, indent=1))),
        ),
    ]


def kernel_rustc_step(mainline: Mainline, rule: Rule) -> Step:
    """Compile a crate by its rule: to metadata (and to an object, if modules bring the code), or to a proc macro."""
    command, *edit_commands = rule.commands
    args = kept_rustc_args(mainline, command.programs[0][1:])
    emitted = dict(emitted_paths(args))
    for_kernel = "metadata" in emitted
    rustc = mainline.target.toolchain.rustc
    argv = (rustc.path, *args, *(codegen_args(mainline) if for_kernel else ()))
    commands = [Command(argv, mainline.plan.objtree, (*RUSTC_ENVIRONMENT, *command.env, *rustc.env), RUSTC_COLOR)]
    if for_kernel and mainline.carried:
        objcopy = mainline.target.kbuild.binutil("objcopy")
        programs = (edit.programs[0] for edit in edit_commands)
        edits = [edit_args for name, *edit_args in programs if name == "objcopy"]
        commands += [Command((objcopy, *edit), mainline.plan.objtree) for edit in edits]
    sources = [mainline.plan.objtree / arg for arg in args if arg.endswith(".rs") and not arg.startswith("-")]
    target_file = (mainline.path(TARGET_FILE),) if for_kernel and mainline.plan.target_file else ()
    return Step(
        name="RUSTC",
        unit=args[args.index("--crate-name") + 1],
        commands=tuple(commands),
        outputs=mainline.outputs(rule),
        inputs=(*target_file, *mainline.outputs_with_needs(rule.needs)),
        tracked=(*sources, mainline.path("include/generated/rustc_cfg")),
        depfiles=(mainline.path(emitted["dep-info"]),),
        tools=(rustc.digest,),
        digest_kind=RUST,
        compare_raw=bool(mainline.target.krustflags),
    )


def kept_rustc_args(mainline: Mainline, args: Iterable[str]) -> list[str]:
    """Kbuild's args for rustc, without those that no output depends on."""
    kept = [arg for arg in args if arg not in DROPPED_ARGS]
    if not mainline.carried:
        return kept
    # The linker drops code that a module does not reach by sections, so each function needs a section of its own.
    return [arg.replace("-Zfunction-sections=n", "-Zfunction-sections=y") for arg in kept]


def codegen_args(mainline: Mainline) -> tuple[str, ...]:
    """rustc's args about a crate's code: no code is generated, or code. No paths of this machine get into it."""
    if not mainline.carried:
        # Kbuild's -Cdebuginfo stays: which functions rustc inlines, and so which it exports, depends on it.
        # The bindings are included by their full path, which modules must not get from a function that they inline.
        return ("-Zno-codegen", f"--remap-path-prefix={mainline.plan.objtree}/=")
    prefixes = {
        mainline.target.toolchain.library_sources: "library",
        f"{mainline.plan.srctree}/": "",
        str(mainline.plan.objtree): "",
    }
    return ("-Cdebuginfo=0", *(f"--remap-path-prefix={path}={name}" for path, name in prefixes.items()))


def kernel_bindgen_step(mainline: Mainline, rule: Rule, fingerprint: Path | None) -> Step:
    """Write bindings by their rule: with bindgen, and then the edit that rust/Makefile makes in them.

    The step runs only if the headers have changed and the fingerprint, too.
    """
    target = mainline.target
    bindgen = target.toolchain.bindgen
    first, *edits = rule.commands
    header, *args = first.programs[0][1:]
    header, header_files = bindings_helper_header(mainline, rule, header)
    commands = [Command((bindgen.path, header, "--no-rustfmt-bindings", *args), mainline.plan.objtree, bindgen.env)]
    commands += [Command(edit.programs[0], mainline.plan.objtree) for edit in edits]
    return Step(
        name="BINDGEN",
        unit=Path(rule.output).stem,
        commands=tuple(commands),
        outputs=mainline.outputs(rule),
        inputs=(fingerprint,) if fingerprint else (),
        gate=fingerprint,
        depfiles=(preprocessor_depfile(mainline, args),),
        written_files=header_files,
        tools=(bindgen.digest,),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=include_directories(args, str(mainline.plan.objtree)),
    )


def preprocess_step(mainline: Mainline, rule: Rule) -> Step:
    """Write a file by its rule: the C preprocessor's output goes through other programs, such as sed."""
    target = mainline.target
    (command,) = rule.commands
    request_file = mainline.path(f"{rule.output}.json")
    (output,) = mainline.outputs(rule)
    args = command.programs[0][1:]
    request = {"programs": [(target.toolchain.cc.path, *args), *command.programs[1:]], "output": str(output)}
    return Step(
        name="CPP",
        unit=output.name,
        commands=(Command(process_args(target.system.python, "base.pipeline", request_file), mainline.plan.objtree),),
        outputs=(output,),
        tracked=process_files("base.pipeline"),
        depfiles=(preprocessor_depfile(mainline, args),),
        written_files=((request_file, json.dumps(request, indent=1)),),
        tools=(target.toolchain.cc.digest,),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=include_directories(args, str(mainline.plan.objtree)),
    )


def preprocessor_depfile(mainline: Mainline, flags: Iterable[str]) -> Path:
    """The depfile that flags for the C preprocessor name (``-Wp,-MMD,DEPFILE``)."""
    return next(mainline.path(flag.partition("-MMD,")[2]) for flag in flags if flag.startswith("-Wp,-MMD,"))
