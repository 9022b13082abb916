# SPDX-License-Identifier: MIT
"""The manifests of Kbuild files, and the remarks about lines that a manifest lacks."""

from __future__ import annotations

import errno
import tomllib
from pathlib import Path
from typing import Any

import pytest

from scons_kmod.adopt.adopt_directory import adopt_directory
from scons_kmod.base.errors import UserError
from scons_kmod.manifest.read import read_manifest

MAINLINE = 'module! {\n    name: "m",\n}\nimpl kernel::Module for M {}\n'
BUNDLED = 'module! {\n    name: b"m",\n}\nimpl KernelModule for M {}\n'


def write_files(directory: Path, text: str, *files: str, name: str = "Kbuild") -> None:
    """Write a Kbuild file and empty sources, whose names may contain directories."""
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(text)
    for file in files:
        (directory / file).parent.mkdir(parents=True, exist_ok=True)
        (directory / file).touch()


def manifest_and_remarks(
    directory: Path, text: str, *files: str, wanted: str | None = None
) -> tuple[dict[str, Any], list[str]]:
    """What adopting a directory with these files gives."""
    write_files(directory, text, *files)
    module = adopt_directory(directory, wanted)
    return tomllib.loads(module.path.read_text()), [str(remark) for remark in module.remarks]


def c_table(directory: Path, text: str, *files: str) -> dict[str, Any]:
    """The table ``[c]`` of a module of a.c and b.c, which has no remarks and no other tables."""
    data, remarks = manifest_and_remarks(directory, f"obj-m := m.o\nm-y := a.o b.o\n{text}\n", "a.c", "b.c", *files)
    assert remarks == []
    assert data.pop("module") == {"name": "m"}
    table = data.pop("c")
    assert table.pop("sources") == ["a.c", "b.c"]
    assert data == {}
    return dict(table)


def messages(directory: Path, text: str, *files: str) -> list[str]:
    """The messages about the first line of a text that is added to a plain Kbuild file."""
    _, remarks = manifest_and_remarks(directory, f"obj-m := m.o\nm-y := a.o b.o\n{text}\n", "a.c", "b.c", *files)
    assert all(remark.startswith("Kbuild:3: ") for remark in remarks)
    return [remark.removeprefix(f"Kbuild:3: {text.splitlines()[0].strip()}: ") for remark in remarks]


def error_text(directory: Path, wanted: str | None = None) -> str:
    with pytest.raises(UserError) as caught:
        adopt_directory(directory, wanted)
    assert not (directory / "module.toml").exists()
    return str(caught.value).replace(str(directory), "DIR")


# --- Modules and objects


@pytest.mark.parametrize(
    ("text", "files", "sources"),
    [
        ("obj-m := m.o", ["m.c"], ["m.c"]),
        ("obj-m := m.o", ["m.S"], ["m.S"]),
        ("obj-m := m.o", ["m.c", "m.S"], ["m.c"]),
        ("obj-m := m.o\nm-objs := b.o\nm-y := a.o\nm-m += c/d.o", ["a.c", "b.c", "c/d.S"], ["b.c", "a.c", "c/d.S"]),
        ("obj-m := m.o\nm-y := a.o a.o $(src)/b.o", ["a.c", "b.c", "m.c"], ["a.c", "b.c"]),
    ],
)
def test_the_sources_are_in_kbuilds_order(tmp_path: Path, text: str, files: list[str], sources: list[str]) -> None:
    assert manifest_and_remarks(tmp_path, text, *files) == ({"module": {"name": "m"}, "c": {"sources": sources}}, [])


def test_a_module_in_a_subdirectory_has_its_own_name(tmp_path: Path) -> None:
    data, _ = manifest_and_remarks(tmp_path, "obj-m := sub/my-mod.o\nsub/my-mod-y := sub/a.o\n", "sub/a.c")
    assert data == {"module": {"name": "my-mod"}, "c": {"sources": ["sub/a.c"]}}


@pytest.mark.parametrize(
    ("source", "module"),
    [
        (MAINLINE, {"name": "m", "api": "mainline"}),
        (BUNDLED, {"name": "m", "api": "2021"}),
        ("kernel::module_phy_driver! {}", {"name": "m", "api": "mainline"}),
        ('module! { name: b"m" }\nimpl kernel::Module for M {}', {"name": "m", "api": "mainline"}),
    ],
)
def test_the_crates_module_declaration_shows_its_api(tmp_path: Path, source: str, module: dict[str, str]) -> None:
    write_files(tmp_path, "")
    (tmp_path / "m.rs").write_text(source)
    assert manifest_and_remarks(tmp_path, "obj-m := m.o\n") == ({"module": module}, [])


def test_a_crate_beside_c_has_the_key_root(tmp_path: Path) -> None:
    text = "obj-m := m.o\nm-y := c.o r.o\nrustflags-y := --cfg one --cfg=two --edition=2024\n"
    data, remarks = manifest_and_remarks(tmp_path, text, "c.c", "r.rs")
    module = {"name": "m", "root": "r.rs", "api": "mainline", "edition": "2024", "cfg": ["one", "two"]}
    assert data == {"module": module, "c": {"sources": ["c.c"]}}
    assert remarks == []


@pytest.mark.parametrize(("objects", "root"), [("r.o", "r.rs"), ("m.o c.o", "m.rs")])
def test_a_crate_root_with_another_name_has_the_key_root(tmp_path: Path, objects: str, root: str) -> None:
    data, _ = manifest_and_remarks(tmp_path, f"obj-m := m.o\nm-y := {objects}\n", "r.rs", "m.rs", "c.c")
    assert data["module"]["root"] == root


@pytest.mark.parametrize("condition", ["ifndef CONFIG_A", "ifneq ($(CONFIG_A)$(CONFIG_B),)"])
def test_a_condition_that_requires_cannot_express_becomes_a_remark(tmp_path: Path, condition: str) -> None:
    data, remarks = manifest_and_remarks(tmp_path, f"{condition}\nobj-m := m.o\nendif\n", "m.c")
    assert data == {"module": {"name": "m"}, "c": {"sources": ["m.c"]}}
    assert remarks == [
        "Kbuild:2: obj-m := m.o: [requires] cannot express this condition: the module is built for every kernel"
    ]


def test_the_condition_of_a_module_becomes_requires(tmp_path: Path) -> None:
    text = "obj-$(CONFIG_A) := m.o\nm-y := a.o\nm-$(CONFIG_B) += b.o\nccflags-$(CONFIG_A) += -DA\n"
    assert manifest_and_remarks(tmp_path, text, "a.c", "b.c")[0] == {
        "module": {"name": "m"},
        "requires": {"config": ["CONFIG_A"]},
        "c": {"sources": ["a.c"], "defines": ["A"]},
        "when": {"CONFIG_B": {"c": {"sources": ["b.c"]}}},
    }


def test_a_source_under_a_condition_has_its_flags_under_it(tmp_path: Path) -> None:
    text = (
        "obj-m := m.o\nm-y := a.o\nm-$(CONFIG_B) += b.o\nCFLAGS_b.o := -DX\nifndef CONFIG_C\nCFLAGS_b.o += -DY\nendif\n"
    )
    data, _ = manifest_and_remarks(tmp_path, text, "a.c", "b.c")
    assert data["when"] == {
        "CONFIG_B": {"c": {"sources": ["b.c"], "files": {"b.c": {"flags": ["-DX"]}}}},
        "CONFIG_B, !CONFIG_C": {"c": {"sources": ["b.c"], "files": {"b.c": {"flags": ["-DY"]}}}},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "m-y += none.o",
            "none.c, .rs and .S do not exist: if a program writes the source, add [generate.NAME] with the source "
            "in outputs",
        ),
        (
            "m-y += s.o",
            "s.o_shipped is already compiled: only objects that are compiled from a source can be linked",
        ),
        ("m-y += x.a", "x.a is not an object: only objects that are compiled from a source are carried over"),
        ("m-y += $(shell ls *.o)", "adopt does not evaluate $(shell ...): write its value by hand"),
        ("m-y += ../up.o", "../up.c is outside the module's directory: move it into the directory"),
        ("obj-m += x", "x is not an object"),
        ("obj-m += sub/", "sub/ has its own modules: adopt that directory too"),
        ("obj-y += a.o", "this is built into the kernel and is not a module: write obj-m"),
    ],
)
def test_objects_without_a_usable_source_become_remarks(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "up.c").touch()
    assert messages(tmp_path / "own", text, "s.o_shipped", "sub/Kbuild") == [message]


def test_what_a_crate_cannot_have_becomes_a_remark(tmp_path: Path) -> None:
    text = "obj-m := m.o\nm-$(CONFIG_A) += r.o\nm-y += a.o\nm-y += s.o\nrustflags-y := -Clto\n"
    _, remarks = manifest_and_remarks(tmp_path, text, "a.c", "r.rs", "s.rs")
    assert remarks == [
        "Kbuild:2: m-$(CONFIG_A) += r.o: the crate cannot depend on the configuration: r.rs is built for every kernel",
        "Kbuild:4: m-y += s.o: s.rs is a second crate: add [crates.NAME] path = 's.rs', see docs/guide/manifest.md",
        "Kbuild:5: rustflags-y := -Clto: a manifest cannot have -Clto: write it as an attribute in the crate root",
    ]


# --- Flags


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("ccflags-y := -DA=1 -D B -UC", {"defines": ["A=1", "B"], "flags": ["-UC"]}),
        (r"""ccflags-y := -DA=\"a\" -DB='"b c"'""", {"defines": ['A="a"', 'B="b c"']}),
        ("ccflags-y := -I$(src)/inc -I $(src)/inc/../inc/sub", {"include": ["inc", "inc/sub"]}),
        ("ccflags-y := -include $(src)/inc/first.h", {"include-first": ["inc/first.h"]}),
        (
            "EXTRA_CFLAGS := -O3\nccflags-y := -O2\nsubdir-ccflags-y := -O1\nKBUILD_CFLAGS += -O0",
            {"flags": ["-O0", "-O1", "-O2", "-O3"]},
        ),
        ("asflags-y := -DX", {}),
        ("ccflags-remove-y := -Wx", {"without-flags": ["-Wx"]}),
        ("CFLAGS_a.o := -DA -O1 -I$(src)/inc", {"files": {"a.c": {"flags": ["-DA", "-O1"]}}, "include": ["inc"]}),
        ("CFLAGS_REMOVE_b.o := -pg", {"files": {"b.c": {"without-flags": ["-pg"]}}}),
        (
            "ccflags-y := -DA -DB\nCFLAGS_REMOVE_b.o := -DA",
            {"defines": ["B"], "flags": ["-DA"], "files": {"b.c": {"without-flags": ["-DA"]}}},
        ),
    ],
)
def test_flags(tmp_path: Path, text: str, table: dict[str, Any]) -> None:
    assert c_table(tmp_path, text, "inc/first.h", "inc/sub/x.h") == table


def test_flags_for_c_and_for_assembly_stay_apart(tmp_path: Path) -> None:
    text = "obj-m := m.o\nm-y := a.o b.o\nccflags-y := -DC\nasflags-y := -DS -mx\n"
    text += "AFLAGS_b.o := -DB\nAFLAGS_REMOVE_b.o := -my\n"
    data, remarks = manifest_and_remarks(tmp_path, text, "a.c", "b.S")
    assert remarks == []
    assert data["c"] == {
        "sources": ["a.c", "b.S"],
        "flags": ["-DC"],
        "asm-flags": ["-DS", "-mx"],
        "files": {"b.S": {"flags": ["-DB"], "without-flags": ["-my"]}},
    }


FLAGS = "flags may begin with -W, -O, -f, -m, -D, -U and -std="


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ccflags-y := -g", [f"a manifest cannot have -g: {FLAGS}"]),
        ("ccflags-y := -Wa,x", [f"a manifest cannot have -Wa,x: {FLAGS}"]),
        ("ccflags-y := -imacros $(src)/a.c", [f"a manifest cannot have -imacros$(src)/a.c: {FLAGS}"]),
        ("ccflags-y := -DA='b", ["a quotation mark is not closed: write the flags by hand"]),
        (
            "ccflags-y := -Iinc",
            ["inc is relative to the kernel tree: if it is in the module's directory, write $(src)/inc"],
        ),
        ("ccflags-y := -I$(src)/none", ["none does not exist"]),
        ("ccflags-y := -I$(srctree)/fs", ["$(srctree)/fs is in the kernel tree: copy what the module needs of it"]),
        (
            "ccflags-y := -I$(src)/../up",
            [
                "../up is outside the module's directory: copy it into the directory, or add it to [exports] include "
                "of its module and that to [depends] modules"
            ],
        ),
        (
            "ccflags-y := -isystem $(src)",
            ["a manifest has no key for -isystem: it became [c] include, which is searched as with -I"],
        ),
        ("CFLAGS_a.o := -include $(src)/b.c", ["b.c cannot be included for one source only: write #include in a.c"]),
        ("CFLAGS_c.o := -O1", ["m has no object c.o: write its name as in the list of objects"]),
        ("CFLAGS_REMOVE_a.o := -m%", ["-m% is a pattern: write each flag that it matches in without-flags"]),
        (
            "ccflags-y := -DHZ=$(CONFIG_HZ)",
            [
                "the value of a CONFIG_ symbol differs between kernels: write it by hand, or use the symbol in the "
                "source"
            ],
        ),
        ("ccflags-y := $(WARN)", ["$(WARN) is not set in this file: it is empty, as in make"]),
        ("ccflags-y := $(call cc-option,-Wx)", ["adopt does not ask the compiler: -Wx is always passed"]),
        ("ldflags-y := -T x", ["a module is linked as Kbuild links it: a manifest has no linker flags"]),
    ],
)
def test_flags_that_a_manifest_cannot_have_become_remarks(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert messages(tmp_path, text) == expected


# --- Other statements


GENERATE = "add [generate.NAME], which runs a program of the module and declares what it writes"
WRAPPER = """\
obj-m := m.o
KDIR ?= /lib/modules/$(shell uname -r)/build
PWD := $(shell pwd)
.PHONY: all clean
default: all
all modules:
	@echo building
	+$(MAKE) -C $(KDIR) M=$(PWD) modules
install: all
	sudo make -C $(KDIR) M=$(PWD) INSTALL_MOD_DIR=extra modules_install
	/sbin/depmod -a
clean:
	make -C $(KDIR) M=$(PWD) clean
	find . -name '*.o' -exec rm {} +
"""


def test_the_usual_rules_around_kbuild_have_no_remark(tmp_path: Path) -> None:
    write_files(tmp_path, WRAPPER, "m.c", name="Makefile")
    assert adopt_directory(tmp_path).remarks == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("check: all\n\tsparse a.c", "adopt skips the commands of this rule"),
        ("all:\n\tmake -C x M=y && sign m.ko", "adopt skips the commands of this rule"),
        (
            "install:\n\tinstall -m 644 m.ko /lib",
            "adopt skips this rule: scons install puts the module where modprobe finds it",
        ),
        (
            "debug: ccflags-y += -DX",
            "the variable is for one target of make only: set it for all targets, or pass it to scons in KCFLAGS",
        ),
        (
            "NOSTDINC_FLAGS := -I$(src)",
            "the kernel's include directories come first, [c] include after them",
        ),
        ("load:\n\tsudo insmod m.ko\n\tmodprobe x", "adopt skips this rule: scons test loads the module in a VM"),
        (
            "$(obj)/t.h: gen\n\t./gen > $@",
            f"adopt skips the commands of this rule: {GENERATE}",
        ),
        (
            "$(obj)/a.o: $(src)/t.h",
            f"the compiler reports which headers a source includes. If a program writes one of them, {GENERATE}",
        ),
        (
            "hostprogs := gen",
            f"programs that run on this machine: {GENERATE}",
        ),
        (
            "KASAN_SANITIZE_a.o := n",
            "a manifest has no key for this: if a kernel has this check, it is on for the whole module",
        ),
        ("WHATEVER := 1", "nothing in this file uses the variable, and a manifest has no key for it"),
        ("$(warning x)", "adopt does not read such a statement: write by hand what it is for"),
        ("all:\n\tmake -C x M=y KCFLAGS=-O1", "make gets KCFLAGS=-O1: pass it to scons too"),
        (
            "all:\n\tmake -C x M=y A=$(shell ls)",
            "make gets A=$(shell ls), and adopt does not know the value: set A in the file if it should apply",
        ),
    ],
)
def test_other_rules_and_variables_have_a_remark(tmp_path: Path, text: str, message: str) -> None:
    assert messages(tmp_path, text) == [message]


def test_clean_files_have_no_remark(tmp_path: Path) -> None:
    assert c_table(tmp_path, "clean-files := x") == {}


def test_variables_that_the_default_rule_gives_to_make_apply(tmp_path: Path) -> None:
    write_files(tmp_path, "obj-$(CONFIG_M) := m.o\n", "m.c")
    recipe = (
        ".PHONY: check all\nDEFS = -DA\n"
        'all:\n\t$(MAKE) -C x M=$(CURDIR) V=1 CONFIG_M=m EXTRA_CFLAGS="$(DEFS) -DB"\n'
        "\t@echo -C EXTRA_CFLAGS=-DNO\n\tmake tool EXTRA_CFLAGS=-DNO\n"
        "check:\n\tsparse m.c\n"
    )
    write_files(tmp_path, recipe, name="Makefile")
    module = adopt_directory(tmp_path)
    assert [str(remark) for remark in module.remarks] == ["Makefile:7: check:: adopt skips the commands of this rule"]
    data = tomllib.loads(module.path.read_text())
    assert data == {"module": {"name": "m"}, "c": {"sources": ["m.c"], "defines": ["A", "B"]}}


def test_variables_that_another_rule_gives_to_make_become_remarks(tmp_path: Path) -> None:
    write_files(tmp_path, "obj-m := m.o\n", "m.c")
    recipe = "all: modules\nmodules:\n\tmake -C x M=y A=1 EXTRA_CFLAGS=-DA\ndebug:\n\tmake -C x M=y EXTRA_CFLAGS=-DB\n"
    write_files(tmp_path, recipe, name="Makefile")
    module = adopt_directory(tmp_path)
    assert tomllib.loads(module.path.read_text())["c"]["defines"] == ["A"]
    assert [remark.message for remark in module.remarks] == [
        "only this rule gives make EXTRA_CFLAGS=-DB: set EXTRA_CFLAGS in the file if it should apply"
    ]


def test_extra_symbols_become_depends(tmp_path: Path) -> None:
    write_files(tmp_path / "one", '[module]\nname = "first"\n', "first.rs", name="module.toml")
    write_files(tmp_path / "two", "obj-m := second.o\n", "second.c")
    text = (
        "obj-m := m.o\nKBUILD_EXTRA_SYMBOLS := $(src)/../one/Module.symvers $(src)/../two/Module.symvers\n"
        "KBUILD_EXTRA_SYMBOLS += /nowhere/Module.symvers\nKBUILD_EXTRA_SYMBOLS += $(src)/../one/x\n"
        "KBUILD_EXTRA_SYMBOLS += ../one/Module.symvers\nKBUILD_EXTRA_SYMBOLS += $(shell ls)\n"
    )
    data, remarks = manifest_and_remarks(tmp_path / "own", text, "m.c")
    assert data["depends"] == {"modules": ["first", "second"]}
    unknown = "is for: write [depends] modules = [NAMES], and add the directories of these modules to MODULES="
    assert [remark.split(": ", 2)[2] for remark in remarks] == [
        "it became [depends] modules: adopt ../one too, and write both directories in MODULES=",
        "it became [depends] modules: adopt ../two too, and write both directories in MODULES=",
        f"adopt finds no modules that /nowhere/Module.symvers {unknown}",
        f"adopt finds no modules that $(src)/../one/x {unknown}",
        f"adopt finds no modules that ../one/Module.symvers {unknown}",
        "adopt does not evaluate $(shell ...): write its value by hand",
    ]


# --- The manifest file


def test_the_remarks_are_a_comment_in_the_manifest(tmp_path: Path) -> None:
    write_files(tmp_path, "obj-m := m.o\nWHATEVER := 1\n", "m.c")
    assert adopt_directory(tmp_path).path.read_text() == (
        "# Not carried over from Kbuild, or changed:\n"
        "#   Kbuild:2: WHATEVER := 1: nothing in this file uses the variable, and a manifest has no key for it\n\n"
        '[module]\nname = "m"\n\n[c]\nsources = ["m.c"]\n'
    )


def test_each_of_many_sources_has_a_line(tmp_path: Path) -> None:
    names = [f"a_long_name_{number}" for number in range(10)]
    write_files(
        tmp_path, f"obj-m := m.o\nm-y := {' '.join(f'{name}.o' for name in names)}\n", *(f"{n}.c" for n in names)
    )
    path = adopt_directory(tmp_path).path
    assert '[\n    "a_long_name_0.c",\n    "a_long_name_1.c",\n' in path.read_text()
    assert [source.stem for source in read_manifest(path).c.sources] == names


def test_special_characters_in_values_survive(tmp_path: Path) -> None:
    text = "obj-m := m.o\nccflags-y := -DA='\\' -DB=\\\"x\\\\x41 -DC='é\x7f'\n"
    assert manifest_and_remarks(tmp_path, text, "m.c")[0]["c"]["defines"] == ["A=\\", 'B="x\\x41', "C=é\x7f"]


@pytest.mark.parametrize("name", ["a\\xg", "a\x7f"])
def test_a_source_name_that_toml_cannot_contain_is_an_error(tmp_path: Path, name: str) -> None:
    write_files(tmp_path, f"obj-m := m.o\nm-y := {name}.o\nCFLAGS_{name}.o := -DX\n", f"{name}.c")
    assert error_text(tmp_path).startswith("the manifest for DIR: ")


def test_an_existing_manifest_is_not_overwritten(tmp_path: Path) -> None:
    write_files(tmp_path, "obj-m := m.o\n", "m.c")
    (tmp_path / "module.toml").write_text("mine")
    with pytest.raises(UserError, match="the file exists already"):
        adopt_directory(tmp_path)
    assert (tmp_path / "module.toml").read_text() == "mine"


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    write_files(tmp_path, "obj-m := m.o\n", "m.c")
    assert adopt_directory(tmp_path, write=False).name == "m"
    assert not (tmp_path / "module.toml").exists()


def test_a_file_with_several_modules_is_refused_unless_a_module_is_named(tmp_path: Path) -> None:
    write_files(tmp_path, "obj-m := a.o b.o\nb-y := c.o\n", "a.c", "b.c", "c.c")
    assert error_text(tmp_path) == (
        "DIR/Kbuild: the file makes several modules: a, b\n"
        "    give each module a directory with its sources and a Kbuild file, or name one of them: MODULE=NAME"
    )
    assert (
        error_text(tmp_path, "c")
        == "DIR/Kbuild: MODULE=c: the file makes no such module\n    name one that it makes: a, b"
    )
    module = adopt_directory(tmp_path, "a")
    assert module.name == "a"
    assert [str(remark) for remark in module.remarks] == [
        "Kbuild:1: obj-m := a.o b.o: b is another module: move the sources of c.o to a directory of their own "
        "and adopt that"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "DIR/Kbuild: the file makes no module\n    write obj-m := NAME.o"),
        (
            "obj-m := $(shell ls)",
            "DIR/Kbuild: the file makes no module\n    Kbuild:1: obj-m := $(shell ls): adopt does not evaluate "
            "$(shell ...): write its value by hand",
        ),
        (
            "obj-m := n.o",
            "DIR/Kbuild: n.o has no known source\n    Kbuild:1: obj-m := n.o: n.c, .rs and .S do not exist: "
            "if a program writes the source, add [generate.NAME] with the source in outputs",
        ),
        (
            "obj-m := 8x.o",
            "the manifest for DIR: '8x' is not a valid module name\n"
            "    use letters, digits, _ and -, first a letter or _",
        ),
    ],
)
def test_an_error_leaves_no_manifest(tmp_path: Path, text: str, message: str) -> None:
    write_files(tmp_path, text, "8x.c")
    assert error_text(tmp_path) == message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["8x.c", "Kbuild"]


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, "obj-m := m.o\n", "m.c")

    def read_bytes(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    assert error_text(tmp_path) == "DIR/Kbuild: permission denied"


def test_a_directory_without_a_kbuild_file_is_an_error(tmp_path: Path) -> None:
    assert error_text(tmp_path) == (
        "DIR: the directory has no Kbuild file and no Makefile\n"
        "    name the directory of a module: scons adopt DIR=path"
    )


def test_kbuild_is_read_before_makefile(tmp_path: Path) -> None:
    write_files(tmp_path, "obj-m := a.o\n", "a.c", "b.c")
    write_files(tmp_path, "obj-m := b.o\n", name="Makefile")
    assert adopt_directory(tmp_path).name == "a"
