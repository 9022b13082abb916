# SPDX-License-Identifier: MIT
"""The kernel's own crates and modules written to them, by the commands that the kernel's Kbuild has for them.

Crates that are in the kernel itself (CONFIG_RUST=y) are only wanted for their metadata: no code is generated. Symbols
are named by the names of crates and rustc's version, and which there are by the kernel's own flags, which are kept: so
modules find those of the kernel.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from scons_kmod.base.library_process import process_args
from scons_kmod.c.compiler import objtool_command
from scons_kmod.crates.crate_args import cfg_args, crate_args, local_crate_args, used_crate_args
from scons_kmod.crates.dependencies import crates_named_by_module, linked_crates
from scons_kmod.crates.local_outputs import (
    crate_libraries,
    crate_library,
    local_crate_inputs,
    local_crate_object,
    local_crate_unit,
    module_rmeta,
    name_in_messages,
    used_crate_libraries,
)
from scons_kmod.crates.rustc_command import NO_STD_HINT, REAL_PATHS_IN_MESSAGES
from scons_kmod.engine.digests import LINES, TOKENS
from scons_kmod.engine.header_search import include_directories
from scons_kmod.engine.step import Command, Step
from scons_kmod.kernel.kbuild import strip_options
from scons_kmod.kernel.older_rustc import as_taken_by
from scons_kmod.kernel.rustc import COLOR, ENVIRONMENT
from scons_kmod.mainline.plan import CratePlan, Rule
from scons_kmod.mainline.plan_trees import TARGET_FILE
from scons_kmod.manifest.crates import CrateSpec
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import crate_object, module_object
from scons_kmod.target.provider import CARRIED, TREE

# What changes nothing that is made but the time it takes, or only what a depfile says of files that other steps make.
LEFT_OUT = ("-Zbinary_dep_depinfo=y", "-O")
# The bindings of the headers that bindings_helper.h lists.
BINDINGS = "rust/bindings/bindings_generated.rs"


@dataclasses.dataclass(frozen=True, eq=False)
class Mainline:
    """The kernel's crates for a target: `plan` says how they are made.

    `headers` are those of the kernel that modules add to the bindings.
    """

    target: BuildTarget
    plan: CratePlan
    headers: tuple[str, ...] = ()

    @functools.cached_property
    def rules(self) -> dict[str, Rule]:
        """The plan's rules by what they make."""
        return {rule.made: rule for rule in self.plan.rules}

    def path(self, name: str) -> Path:
        """A file as Kbuild names it, relative to its objtree."""
        return self.plan.objects / name

    def outputs(self, rule: Rule) -> tuple[Path, ...]:
        """The files that a rule makes and others read."""
        emitted = dict(emits(rule.parts[0].programs[0]))
        kinds = ("metadata", "link", "obj") if self.carried else ("metadata", "link")
        names = [emitted[kind] for kind in kinds if kind in emitted]
        return tuple(map(self.path, names or [rule.made]))

    @property
    def carried(self) -> bool:
        """Whether modules bring the crates' code with them."""
        return self.target.provider.name == CARRIED

    def all_of(self, names: Iterable[str]) -> tuple[Path, ...]:
        """The outputs of rules and of all that these need."""
        found: dict[Path, None] = {}
        for name in names:
            rule = self.rules[name]
            found |= dict.fromkeys((*self.all_of(rule.needs), *self.outputs(rule)))
        return tuple(found)

    @property
    def crates(self) -> tuple[Path, ...]:
        """What rustc reads for a module: the crates' metadata and the proc macros."""
        if self.target.provider.name == TREE:
            there = self.path("rust")
            found = (*there.glob("*.rmeta"), *there.glob("*.so"), self.path(TARGET_FILE))
            return tuple(sorted(path for path in found if path.is_file()))
        return tuple(path for path in self.all_of(self.rules) if path.suffix not in (".rs", ".o"))

    @property
    def objects(self) -> tuple[Path, ...]:
        """The crates' code, if modules bring it."""
        return tuple(path for path in self.all_of(self.rules) if path.suffix == ".o")


def emits(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What rustc is to make, by kind (``--emit=KIND=PATH,...``)."""
    for word in words:
        if word.startswith("--emit="):
            for one in word.removeprefix("--emit=").split(","):
                kind, _, path = one.partition("=")
                yield kind, path


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
            commands=(Command(compiled, plan.objects, (*ENVIRONMENT, *rustc.env), COLOR),),
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
    words = kept_words(mainline, part.programs[0][1:])
    emitted = dict(emits(words))
    for_kernel = "metadata" in emitted
    rustc = mainline.target.toolchain.rustc
    argv = (rustc.path, *words, *(code_words(mainline) if for_kernel else ()))
    commands = [Command(argv, mainline.plan.objects, (*ENVIRONMENT, *part.env, *rustc.env), COLOR)]
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


def kept_words(mainline: Mainline, words: Iterable[str]) -> list[str]:
    """Kbuild's words for rustc, less what nothing here depends on."""
    kept = [word for word in words if word not in LEFT_OUT]
    # What a module does not reach is dropped by sections.
    return (
        [word.replace("-Zfunction-sections=n", "-Zfunction-sections=y") for word in kept] if mainline.carried else kept
    )


def code_words(mainline: Mainline) -> tuple[str, ...]:
    """rustc's words for the code of a crate: none, or without a path of this machine in it."""
    if not mainline.carried:
        # Debug information stays: which functions rustc takes for inline depends on it, and so which ones it exports.
        return ("-Zno-codegen",)
    places = {
        mainline.target.toolchain.library: "library",
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
    header, files = with_headers(mainline, rule, header)
    commands = [Command((bindgen.path, header, "--no-rustfmt-bindings", *words), mainline.plan.objects, bindgen.env)]
    commands += [Command(part.programs[0], mainline.plan.objects) for part in edits]
    return Step(
        name="BINDGEN",
        unit=Path(rule.made).stem,
        commands=tuple(commands),
        outputs=mainline.outputs(rule),
        depfiles=(depfile_of(mainline, words),),
        written_files=files,
        tools=(bindgen.digest,),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=include_directories(words, str(mainline.plan.objects)),
    )


def with_headers(mainline: Mainline, rule: Rule, header: str) -> tuple[str, tuple[tuple[Path, str], ...]]:
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
        depfiles=(depfile_of(mainline, words),),
        written_files=((request, json.dumps(asked, indent=1)),),
        tools=(target.toolchain.cc.digest,),
        digest_kind=TOKENS,
        compare_raw=bool(target.kcflags),
        include_directories=include_directories(words, str(mainline.plan.objects)),
    )


def depfile_of(mainline: Mainline, words: Iterable[str]) -> Path:
    """The depfile that a preprocessor's flags ask for."""
    return next(mainline.path(word.partition("-MMD,")[2]) for word in words if word.startswith("-Wp,-MMD,"))


def mainline_module_step(mainline: Mainline, manifest: Manifest) -> Step:
    """A module's own crate: to the object that modpost reads, or to one that others are linked with."""
    target = mainline.target
    part = mainline.carried or manifest.has_c or bool(linked_crates(manifest))
    made = crate_object(target, manifest) if part else module_object(target, manifest)
    shared = (module_rmeta(target, manifest),) if manifest.exports.crate else ()
    name = f"modules/{manifest.name}"
    emit = (f"obj={made}", f"dep-info={made}.d", *(f"metadata={path}" for path in shared))
    words = (
        *(f"--crate-name={manifest.crate}", *cfg_args(manifest.cfg)),
        *(*crate_args(target, manifest, crates_named_by_module(manifest)), *used_crate_args(target, manifest)),
        *(f"--remap-path-prefix={manifest.directory}={name}", f"--emit={','.join(emit)}"),
    )
    env = (*manifest.env, ("RUST_MODFILE", name))
    step = mainline_code_step(mainline, manifest.crate_root, made, words, manifest.edition, env, part=part)
    inputs = (
        *step.inputs,
        *crate_libraries(target, manifest, crates_named_by_module(manifest)),
        *used_crate_libraries(target, manifest),
    )
    return dataclasses.replace(step, unit=f"{manifest.name}.o", outputs=(made, *shared), inputs=inputs)


def mainline_local_crate_step(mainline: Mainline, manifest: Manifest, crate: CrateSpec) -> Step:
    """A crate that is linked into modules to the mainline API."""
    target = mainline.target
    made, metadata = local_crate_object(target, manifest, crate), crate_library(target, manifest, crate, host=False)
    name = name_in_messages(manifest, crate)
    words = (
        *(f"--crate-name={crate.name}", *local_crate_args(target, manifest, crate)),
        f"--remap-path-prefix={crate.directory}={name}",
        f"--emit=obj={made},metadata={metadata},dep-info={made}.d",
    )
    env = (*crate.env, ("RUST_MODFILE", name))
    step = mainline_code_step(mainline, crate.root, made, words, crate.edition, env, part=True)
    inputs = (*step.inputs, *local_crate_inputs(target, manifest, crate))
    return dataclasses.replace(
        step, unit=local_crate_unit(manifest, crate, made), outputs=(metadata, made), inputs=inputs
    )


def mainline_code_step(
    mainline: Mainline,
    root: Path,
    made: Path,
    words: Iterable[str],
    edition: str,
    env: tuple[tuple[str, str], ...],
    *,
    part: bool,
) -> Step:
    """A crate to the object `made`, by the kernel's own command for modules with these words and settings added.

    `edition` is in the place of the kernel's, if there is one. A `part` is to be linked with others, and checked by
    objtool then.
    """
    target, plan = mainline.target, mainline.plan
    rustc = target.toolchain.rustc
    kernels = kept_words(mainline, strip_options(plan.module.programs[0][1:], {"--crate-name", "--out-dir"}))
    kept = [word for word in kernels if not word.startswith(("--emit=", "-Cdebuginfo")) and not word.endswith(".rs")]
    if edition:
        kept = [f"--edition={edition}" if word.startswith("--edition=") else word for word in kept]
    argv = (rustc.path, *words, *kept, *as_taken_by(rustc, [REAL_PATHS_IN_MESSAGES]), str(root))
    settings = dict((*ENVIRONMENT, *plan.module.env, *rustc.env, *env))
    commands = [Command(argv, plan.objects, tuple(settings.items()), COLOR)]
    if target.kbuild.objtool and (target.kbuild.objtool_each or not part):
        commands.append(objtool_command(target, made, *(() if target.kbuild.objtool_each else ("--link",))))
    return Step(
        name="RUSTC",
        unit=made.name,
        commands=tuple(commands),
        outputs=(made,),
        inputs=mainline.crates,
        tracked=(root, mainline.path("include/generated/rustc_cfg")),
        depfiles=(Path(f"{made}.d"),),
        tools=(rustc.digest, target.toolchain.cc.digest),
        digest_kind=LINES,
        compare_raw=bool(target.krustflags),
        hints=(NO_STD_HINT,),
    )
