# SPDX-License-Identifier: MIT
"""What an edit makes the next build run, told before the edit."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

from step_workshop import Workshop

from scons_kmod.engine.step import Step
from scons_kmod.engine.views import MEMBERS, View
from scons_kmod.engine.what_follows import counts_line, files_read, found_files, what_follows


def copy_step(workshop: Workshop, unit: str, *sources: str, **changes: object) -> Step:
    """A step that reads sources of the workshop, or outputs of others, and has run."""
    output = workshop.path / "out" / unit
    step = workshop.step(
        **{
            "unit": unit,
            "outputs": (output,),
            "commands": (workshop.command("cp", sources[0], str(output)),),
            "inputs": (),
            "tracked": tuple(workshop.path / source for source in sources),
            "depfiles": (),
            **changes,
        }
    )
    workshop.run(step)
    return step


def after(workshop: Workshop, steps: list[Step], path: str, declaration: str | None = None) -> list[str]:
    """The units of the steps that may run, marked with a star if they read the file."""
    state = workshop.state()
    reads = {step.key: files_read(step, state) for step in steps}
    by_key = {step.key: step for step in steps}
    following = what_follows(by_key, reads, str(workshop.path / path), declaration, state)
    return [step.unit + "*" * (step.key in following.reading) for step in following.steps]


def test_steps_that_read_the_file_and_those_after_them(workshop: Workshop) -> None:
    first, other = copy_step(workshop, "first", "source.c"), copy_step(workshop, "other", "input")
    second = copy_step(workshop, "second", "out/first", inputs=first.outputs, tracked=())
    assert after(workshop, [first, other, second], "source.c") == ["first*", "second"]
    assert after(workshop, [first, other, second], "input") == ["other*"]
    assert after(workshop, [first, other, second], "elsewhere") == []


def test_a_header_that_a_depfile_named(workshop: Workshop) -> None:
    header = "include/b/x.h"
    assert after(workshop, [workshop.step()], header) == ["first*"]
    workshop.write("step.d", f"first: {workshop.path / 'include/a/../b/x.h'}\n")
    workshop.run()
    assert after(workshop, [workshop.step()], header) == ["first*"]
    never_ran = workshop.step(outputs=(workshop.path / "out/never",))
    assert after(workshop, [never_ran], header) == []
    assert after(workshop, [never_ran], "source.c") == ["first*"]


def test_a_step_behind_a_gate_runs_only_if_the_gate_may_change(workshop: Workshop) -> None:
    gate = copy_step(workshop, "gate", "input")
    (output,) = gate.outputs
    behind = copy_step(workshop, "behind", "source.c", inputs=gate.outputs, gate=output)
    assert after(workshop, [gate, behind], "source.c") == []
    assert after(workshop, [gate, behind], "input") == ["gate*", "behind"]


def test_a_declaration_changes_only_what_names_it(workshop: Workshop) -> None:
    workshop.write("parts", "pub const ONE: u32 = 1;\n")
    workshop.write("rest", "pub const ANYONE: u32 = 1;\n")
    two = (workshop.path / "out/parts", workshop.path / "out/rest")
    bindgen = copy_step(
        workshop,
        "bindings",
        "parts",
        "rest",
        name="BINDGEN",
        outputs=two,
        commands=tuple(workshop.command("cp", path.name, str(path)) for path in two),
    )
    users = [copy_step(workshop, f"of {path.name}", str(path), inputs=(path,), tracked=()) for path in two]
    assert after(workshop, [bindgen, *users], "parts") == ["bindings*", "of parts", "of rest"]
    assert after(workshop, [bindgen, *users], "parts", "ONE") == ["bindings*", "of parts"]
    assert after(workshop, [bindgen, *users], "parts", "NONE") == ["bindings*"]


def test_of_an_archive_the_members_matter_that_a_link_may_take(workshop: Workshop, compiled: Path) -> None:
    shutil.copy(compiled, workshop.path / "unit.o")
    member = copy_step(workshop, "member", "unit.o")
    archive = workshop.path / "out/archive"
    add = workshop.command("ar", "rcsD", str(archive), *map(str, member.outputs))
    archived = copy_step(workshop, "archive", "unit.o", commands=(add,), inputs=member.outputs, tracked=())
    user = workshop.path / "user.o"
    for symbol, expected in (("exported", ["member*", "archive", "user"]), ("unknown", ["member*", "archive"])):
        (workshop.path / "user.c").write_text(f"extern int {symbol}(void);\nint main(void) {{ return {symbol}(); }}\n")
        workshop.run(
            workshop.step(
                outputs=(user,),
                commands=(workshop.command("gcc", "-c", "-o", str(user), "user.c"),),
                depfiles=(),
            )
        )
        view = View(MEMBERS, (archive,), (user,))
        link = copy_step(workshop, "user", "user.o", views=(view,), order_only=(archive,))
        assert after(workshop, [member, archived, link], "unit.o") == expected


def test_a_file_is_named_by_its_path_or_the_end_of_it() -> None:
    reads = [{"/a/include/linux/fs.h", "/a/include/uapi/linux/fs.h"}, {"/a/kernel/rbtree.rs"}]
    assert found_files("/a/kernel/rbtree.rs", reads) == ["/a/kernel/rbtree.rs"]
    assert found_files("rbtree.rs", reads) == ["/a/kernel/rbtree.rs"]
    assert found_files("linux/fs.h", reads) == ["/a/include/linux/fs.h", "/a/include/uapi/linux/fs.h"]
    assert found_files("tree.rs", reads) == []


def test_counts_are_of_compilations_and_of_linked_modules(workshop: Workshop) -> None:
    names = [("RUSTC", "one.o"), ("CC [M]", "two.o"), ("CC [M]", "one.mod.o"), ("LD", "one.o"), ("LD [M]", "one.ko")]
    steps = [dataclasses.replace(workshop.step(), name=name, unit=unit) for name, unit in names]
    assert counts_line(steps) == "at most 2 compile, at most 1 is linked"
    assert counts_line(steps[:1]) == "at most 1 compile, at most 0 are linked"
