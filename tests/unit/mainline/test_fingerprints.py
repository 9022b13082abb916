# SPDX-License-Identifier: MIT
"""The steps that fingerprint the headers of a kernel's bindings."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from mainline_kernel import (
    argv,
    bindings,
    function_bindings,
    gated_bindings,
    macros,
    names,
    text,
    with_rules,
    with_target,
)
from miniature import CLANG, write

from scons_kmod.base.library_process import process_files
from scons_kmod.engine.digests import TOKENS
from scons_kmod.engine.step import Step
from scons_kmod.engine.views import IDENTIFIERS
from scons_kmod.mainline.crate_steps import mainline_crate_steps
from scons_kmod.mainline.mainline import Mainline
from scons_kmod.mainline.plan import Rule


@pytest.fixture
def gated(rebuilt: Mainline) -> Mainline:
    """Bindings and helpers with fingerprints, and sources of the kernel."""
    source = rebuilt.plan.srctree
    for name in ("rust/kernel/lib.rs", "rust/macros/lib.rs", "rust/syn/parse/mod.rs", "rust/syn/lib.rs"):
        write(source / name, "")
    syn = Rule("rust/libsyn.rlib", (), macros(source).commands)
    (command,) = syn.commands
    args = tuple(arg.replace("macros/lib.rs", "syn/lib.rs") for arg in command.programs[0])
    syn = dataclasses.replace(syn, commands=(dataclasses.replace(command, programs=(args,)),))
    return with_rules(rebuilt, text(source), gated_bindings(source), function_bindings(source), syn)


def steps(crates: Mainline) -> dict[tuple[str, str], Step]:
    return {(step.name, step.unit): step for step in mainline_crate_steps(crates)}


def digest_step(crates: Mainline, unit: str = "bindings_generated") -> Step:
    return steps(crates)["DIGEST", unit]


def request(step: Step) -> dict[str, object]:
    ((_, content), *_) = step.written_files
    result: dict[str, object] = json.loads(content)
    return result


def test_bindgen_runs_only_if_the_fingerprint_has_changed(gated: Mainline) -> None:
    fingerprint = gated.plan.objtree.parent / "fingerprints/bindings_generated/fingerprint.json"
    step = steps(gated)["BINDGEN", "bindings_generated"]
    assert step.gate == fingerprint
    assert step.inputs == (fingerprint,)
    assert step.depfiles, "the headers count together with the gate"
    assert digest_step(gated).outputs == (fingerprint, fingerprint.with_name("declared.txt"))


@pytest.mark.parametrize("edit", ["s/a/b/", r"s/pub const HELPER_(.*)/pub const \1/g"])
def test_without_a_fingerprint_if_an_edit_of_the_bindings_is_not_understood(rebuilt: Mainline, edit: str) -> None:
    rule = gated_bindings(rebuilt.plan.srctree, edit)
    (step,) = (step for step in mainline_crate_steps(with_rules(rebuilt, rule)) if step.name in ("DIGEST", "BINDGEN"))
    assert (step.name, step.gate, step.inputs) == ("BINDGEN", None, ())


def test_bindings_that_nobody_edits_have_a_fingerprint(rebuilt: Mainline) -> None:
    rule = bindings(rebuilt.plan.srctree)
    crates = with_rules(rebuilt, dataclasses.replace(rule, commands=rule.commands[:1]))
    assert request(digest_step(crates))["prefixes"] == []


def test_the_request_for_a_fingerprint(gated: Mainline) -> None:
    step = digest_step(gated)
    source, objtree = gated.plan.srctree, gated.plan.objtree
    asked = request(step)
    assert asked["libclang"] == CLANG
    assert asked["header"] == f"{source}/rust/bindings/helper.h"
    assert asked["flags"] == ["-nostdinc", f"-I{source}/include", "-I./include", "-DMODULE"], "without the depfile"
    assert asked["functions"] == ""
    assert asked["prefixes"] == ["RUST_CONST_HELPER_", "rust_helper_"]
    assert {"use", "core"} <= set(map(str, asked["names"])) if isinstance(asked["names"], list) else False
    helpers = objtree.parent / "fingerprints/bindings_helpers_generated/fingerprint.json"
    assert asked["fingerprints"] == [str(helpers)]
    assert step.inputs == (helpers,)
    assert step.commands[0].cwd == objtree
    assert argv(step)[3] == "bindings.whole_fingerprint"
    assert set(process_files("bindings.pasted", "bindings.reach", "engine.key_text")) <= set(step.tracked)
    assert (step.digest_kind, step.compare_raw) == (TOKENS, False)
    assert step.include_directories[0] == f"{source}/include"
    assert digest_step(with_target(gated, kcflags=("-g",))).compare_raw


def test_the_sources_are_those_of_the_kernel_and_of_modules(gated: Mainline, tmp_path: Path) -> None:
    own, written = tmp_path / "module/own.rs", tmp_path / "build/module/written.rs"
    crates = dataclasses.replace(gated, sources=(own,), written_sources=(written,))
    step = digest_step(crates)
    (view,) = step.views
    assert view.kind == IDENTIFIERS
    assert view.names_from == (step.outputs[1],)
    asm = gated.plan.objtree / "rust/kernel/generated_arch_asm.rs"
    kernel = ["rust/kernel/lib.rs", "rust/macros/lib.rs"]
    assert names(view.paths[:2], gated.plan.srctree) == kernel, (
        "programs of the build machine have nothing to do with it"
    )
    assert view.paths[2:] == (asm, written, own)
    assert step.order_only == (asm, written)
    assert request(step)["sources"] == [str(path) for path in view.paths]


def test_functions_without_types_need_no_sources(gated: Mainline) -> None:
    step = digest_step(gated, "bindings_helpers_generated")
    asked = request(step)
    assert asked["functions"] == "rust_helper_.*"
    assert asked["sources"] == asked["fingerprints"] == []
    assert (step.views, step.inputs, step.order_only) == ((), (), ())


def test_headers_that_modules_add_are_in_the_fingerprint(gated: Mainline) -> None:
    step = digest_step(dataclasses.replace(gated, headers=("linux/leds.h",)))
    _, (header, content) = step.written_files
    assert request(step)["header"] == str(header)
    assert content.endswith("#include <linux/leds.h>\n")
