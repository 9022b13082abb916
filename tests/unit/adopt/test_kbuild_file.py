# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest

from scons_kmod.adopt.kbuild_file import KbuildFile
from scons_kmod.adopt.words import DIRECTORY, UNKNOWN, Y_OR_M

NAMES = {DIRECTORY: "DIR", Y_OR_M: "<y or m>", UNKNOWN: "<unknown>"}


def kbuild_file(tmp_path: Path, text: str, **given: str) -> KbuildFile:
    path = tmp_path / "Kbuild"
    path.write_text(text)
    return KbuildFile(path, tmp_path, given)


def shown_value(file: KbuildFile, variable: str) -> str:
    """The words of a variable, each with its condition in brackets."""
    shown = []
    for word in file.value(variable):
        text = word.text
        for mark, name in NAMES.items():
            text = text.replace(mark, name)
        terms = " or ".join(",".join(sorted(term)) for term in word.condition)
        shown.append(f"{text}[{terms}]" if terms else text)
    return " ".join(shown)


def value_of_x(tmp_path: Path, text: str, **given: str) -> str:
    return shown_value(kbuild_file(tmp_path, text, **given), "x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a := 1\nx := $(a)\na := 2", "1", id="at once"),
        pytest.param("a := 1\nx = $(a)\na := 2", "2", id="when it is used"),
        pytest.param("x = $(a)\nx += 3\na := 2", "2 3", id="added to what is expanded late"),
        pytest.param("a := 1\nx := $(a)\nx += $(a)\na := 2", "1 1", id="added to what is expanded at once"),
        pytest.param("x := 1\nx ?= 2", "1", id="set already"),
        pytest.param("x ?= 2", "2", id="not set"),
        pytest.param("x = $(x) 1", "1", id="itself"),
        pytest.param("x := 1\nx := $(x) 2", "1 2", id="its value so far"),
        pytest.param("a = b\nb = 1\nx = $($(a))${b}$b", "111", id="computed names"),
        pytest.param("x = a$$b", "a$b", id="a dollar sign"),
        pytest.param("x = $(src)/a $(obj) $(M) $(PWD) $(shell pwd)", "DIR/a DIR DIR DIR DIR", id="directories"),
        pytest.param("a = 1.c 2.c\nx = $(a:.c=.o) $(a:%.c=b/%.o)", "1.o 2.o b/1.o b/2.o", id="substitution"),
        pytest.param("a = 1.c 2.h\nx = $(patsubst %.c,%.o,$(filter %.c,$(a)))", "1.o", id="functions"),
        pytest.param("x = $(addprefix -I$(src)/,a b) $(notdir c/d)", "-IDIR/a -IDIR/b d", id="more functions"),
        pytest.param("x = $(filter-out a%,ab b) $(basename a/b.c) $(dir a/b)", "b a/b a/", id="yet more functions"),
        pytest.param(
            "x = $(patsubst a.c,b.o,a.c c.c) $(patsubst %.c,%.o,d.h)", "b.o c.c d.h", id="words that do not match"
        ),
        pytest.param("x = $(filter a b,a c) $(filter y m,a) $(filter-out a b,b d)", "a d", id="whole words"),
        pytest.param("ifeq ($(SRCARCH)$(BITS),x8664)\nx = a\nendif", "a", id="the architecture"),
        pytest.param("x = $(subst a,b,aa) $(addsuffix .o,c) $(strip  d )", "bb c.o d", id="the other functions"),
        pytest.param(
            "a := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))\nx = $(a)b", "DIR/b", id="the file's directory"
        ),
        pytest.param("x = $(call cc-option,-Wa) $(call cc-disable-warning, b)", "-Wa -Wno-b", id="options"),
    ],
)
def test_the_value_of_a_variable(tmp_path: Path, text: str, expected: str) -> None:
    assert value_of_x(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("x-$(CONFIG_A) := a\nx = $(x-y)", "a[CONFIG_A]", id="in a name"),
        pytest.param("x = a\nx-$(CONFIG_A) = b\nx += $(x-y) c", "a b[CONFIG_A] c", id="in the middle"),
        pytest.param("ifdef CONFIG_A\nx = a\nelse\nx = b\nendif", "a[CONFIG_A] b[!CONFIG_A]", id="else"),
        pytest.param("ifeq ($(CONFIG_A),y)\nx = a\nendif", "a[CONFIG_A]", id="equal"),
        pytest.param("ifneq ('$(CONFIG_A)','')\nx = a\nendif", "a[CONFIG_A]", id="quotes in brackets"),
        pytest.param('ifneq "$(CONFIG_A)" ""\nx = a\nendif', "a[CONFIG_A]", id="quotes"),
        pytest.param("ifeq ($(CONFIG_A), n)\nx = a\nendif", "", id="never n"),
        pytest.param("ifneq ($(filter y m,$(CONFIG_A)),)\nx = a\nendif", "a[CONFIG_A]", id="filtered"),
        pytest.param(
            "ifeq ($(CONFIG_A)$(CONFIG_B),yy)\nx = a\nendif", "a[CONFIG_A,CONFIG_B]", id="two symbols in a text"
        ),
        pytest.param(
            "ifdef CONFIG_A\nx = a\nelse ifdef CONFIG_B\nx = b\nelse\nx = c\nendif",
            "a[CONFIG_A] b[!CONFIG_A,CONFIG_B] c[!CONFIG_A,!CONFIG_B]",
            id="else if",
        ),
        pytest.param("ifdef CONFIG_A\nifndef CONFIG_A\nx = a\nendif\nendif", "", id="contradiction"),
        pytest.param("x := a\nifdef CONFIG_A\nx := b\nendif", "a[!CONFIG_A] b[CONFIG_A]", id="set again"),
        pytest.param(
            "x := a\nifdef CONFIG_A\nx := $(x) b\nendif", "a[!CONFIG_A] a[CONFIG_A] b[CONFIG_A]", id="extended"
        ),
        pytest.param("ifdef CONFIG_A\nx := a\nendif\nx ?= b", "a[CONFIG_A] b[!CONFIG_A]", id="set for some"),
        pytest.param(
            "a := 1\nifdef CONFIG_A\na := 2\nendif\nx := l$(a)r", "l1r[!CONFIG_A] l2r[CONFIG_A]", id="within a word"
        ),
        pytest.param(
            "ifeq ($(CONFIG_A),$(CONFIG_B))\nx = a\nelse\nx = b\nendif",
            "a[CONFIG_A,CONFIG_B or !CONFIG_A,!CONFIG_B] b[!CONFIG_A,CONFIG_B or !CONFIG_B,CONFIG_A]",
            id="two symbols",
        ),
        pytest.param("CONFIG_A := m\nx-$(CONFIG_A) := a\nx = $(x-m)", "a", id="the file's own symbol"),
    ],
)
def test_values_that_depend_on_the_configuration(tmp_path: Path, text: str, expected: str) -> None:
    assert value_of_x(tmp_path, text) == expected


def test_kernelrelease_is_set_if_kbuild_reads_the_file(tmp_path: Path) -> None:
    text = "ifneq ($(KERNELRELEASE),)\nx = in\nelse\nx = out\nendif\nifdef KERNELRELEASE\nx += in\nendif"
    assert value_of_x(tmp_path, text) == "in in"
    assert value_of_x(tmp_path, text, KERNELRELEASE="") == "out"


def test_the_command_line_overrides_the_file(tmp_path: Path) -> None:
    assert value_of_x(tmp_path, "A = 1\nx = $(A)", A="2 3") == "2 3"
    assert shown_value(kbuild_file(tmp_path, "", EXTRA_CFLAGS="-DX"), "EXTRA_CFLAGS") == "-DX"


def test_kbuilds_own_lists_are_expanded_at_once(tmp_path: Path) -> None:
    file = kbuild_file(tmp_path, "ccflags-y += $(a)\nfoo-y += $(a)\na = 1\n")
    assert shown_value(file, "foo-y") == "1"
    (unset,) = file.value("ccflags-y")
    assert (unset.text, unset.note) == ("", "$(a) is not set in this file: it is empty, as in make")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = $(shell ls)", "adopt does not evaluate $(shell ...)"),
        ("x := -DV=$(KERNELVERSION)", "only the kernel's makefiles know $(KERNELVERSION)"),
        ("x != ls", "adopt runs no program"),
        ("x = $(wildcard *.c)", "adopt evaluates $(wildcard ...) only for patterns that begin with $(src)/"),
        ("x = $(call cc-option-yn,-Wa)", "adopt does not ask the compiler"),
        ("x = $(x-$(CONFIG_A))", "the variable's name in $(x-$(CONFIG_A)) depends on the kernel"),
        ("a-$(CONFIG_A) = b\nx = $(filter $(a-y),a b)", "the value of $(filter ...) depends on the kernel"),
    ],
)
def test_an_unknown_word_has_the_reason(tmp_path: Path, text: str, message: str) -> None:
    (word,) = kbuild_file(tmp_path, text).value("x")
    assert UNKNOWN in word.text
    assert word.note == message


def test_a_variable_that_is_not_used_has_no_remark(tmp_path: Path) -> None:
    file = kbuild_file(tmp_path, "KDIR ?= /lib/modules/$(shell uname -r)/build\nKV := $(shell uname -r)$(FOO)\n")
    assert file.remarks.all == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("ifeq ($(shell id -u),0)", "adopt does not evaluate $(shell ...)"),
        ("ifeq ($(CONFIG_HZ),250)", "the value of a CONFIG_ symbol differs between kernels"),
        ("ifeq ($(VERSION),6)", "only the kernel's makefiles know $(VERSION)"),
        ("ifeq y", "the condition does not compare two texts"),
    ],
)
def test_an_unknown_condition_skips_all_its_branches(tmp_path: Path, line: str, reason: str) -> None:
    file = kbuild_file(tmp_path, f"{line}\nx = 1\nelse\nx = 2\nendif\nx += 3\n")
    assert shown_value(file, "x") == "3"
    assert [str(remark) for remark in file.remarks.all] == [
        f"Kbuild:1: {line}: {reason}: adopt skips everything up to the endif: write it by hand"
    ]


def test_inexact_conditions_have_remarks(tmp_path: Path) -> None:
    file = kbuild_file(tmp_path, "ifdef DEBUG\nx = 1\nendif\nifeq ($(CONFIG_A),m)\nx = 2\nendif\n")
    assert shown_value(file, "x") == "2[CONFIG_A]"
    assert [remark.message for remark in file.remarks.all] == [
        "$(DEBUG) is not set in this file: it is empty, as in make",
        "a manifest does not distinguish m from y: y is treated like m",
    ]


def test_an_unknown_variable_name_has_a_remark(tmp_path: Path) -> None:
    (remark,) = kbuild_file(tmp_path, "$(VERSION)-y := a\n").remarks.all
    assert remark.message == "only the kernel's makefiles know $(VERSION): write the variable's name in full"


def test_a_word_that_depends_on_too_many_symbols_is_unknown(tmp_path: Path) -> None:
    text = "".join(f"a-$(CONFIG_{n}) += {n}\n" for n in range(30))
    (word,) = kbuild_file(tmp_path, f"{text}x = -D$(a-y)").value("x")
    assert word.note == "the value depends on more than 6 CONFIG_ symbols"


def test_only_files_of_the_directory_are_included(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a.mk").write_text("x = 1\n\n$(eval y)\n")
    lines = ("include $(src)/sub/a.mk", "-include $(src)/none.mk", "include b.mk", "include $(src)/c.mk $(shell ls)")
    file = kbuild_file(tmp_path, "\n".join(lines))
    copy = "copy what the included file says about the module into this file"
    assert shown_value(file, "x") == "1"
    assert [str(remark) for remark in file.remarks.all] == [
        "sub/a.mk:3: $(eval y): adopt does not read such a statement: write by hand what it is for",
        f"Kbuild:3: include b.mk: adopt reads only files in the module's directory, included as $(src)/NAME: {copy}",
        f"Kbuild:4: include $(src)/c.mk $(shell ls): adopt does not evaluate $(shell ...): {copy}",
    ]


def test_a_file_that_includes_itself_is_read_to_the_end(tmp_path: Path) -> None:
    assert shown_value(kbuild_file(tmp_path, "x += 1\ninclude $(src)/Kbuild\n"), "x").startswith("1 1")


def test_wildcard_skips_the_files_that_kbuild_writes(tmp_path: Path) -> None:
    for name in ("b.c", "a.c", "a.mod.c", "a.h"):
        (tmp_path / name).touch()
    assert value_of_x(tmp_path, "x = $(notdir $(wildcard $(src)/*.c))") == "a.c b.c"


@pytest.mark.parametrize(
    "text", ["endif", "else", "ifeq (", "ifeq (a", "ifdef", "$(", "x = $(a", "x = $(", "x = $", ":"]
)
def test_wrong_syntax_raises_nothing(tmp_path: Path, text: str) -> None:
    kbuild_file(tmp_path, text).value("x")
