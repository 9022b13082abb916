# SPDX-License-Identifier: MIT
"""The registry of commands, and what comes from it: the reference page, the help, the completion."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from scons_kmod.target.settings import VARIABLES
from site_tools.kmod.commands import completion
from site_tools.kmod.help_text import command_help, full_help
from site_tools.kmod.registry import SconsCommand, When, command_names, load_command, load_commands

PROJECT = Path(__file__).resolve().parents[3]
PAGE = PROJECT / "docs/guide/command-line.md"
HEAD, END = "| command | what `scons` does | its variables |\n|---|---|---|\n", "\n\n"


def table() -> str:
    """The table of commands in the reference page."""
    lines = []
    for name in command_names():
        command = load_command(name)
        link = f"[`{name}`]({command.guide})" if command.guide else f"`{name}`"
        lines.append(f"| {link} | {command.help} | {', '.join(f'`{name}=`' for name in command.variables)} |")
    return "\n".join(lines)


def test_the_reference_page_has_the_table_of_commands() -> None:
    """With UPDATE_DOCS=1 in the environment, this test writes the table."""
    before, _, rest = PAGE.read_text().partition(HEAD)
    old, _, after = rest.partition(END)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(f"{before}{HEAD}{table()}{END}{after}")
    else:
        assert old == table(), "run this test with UPDATE_DOCS=1"


@pytest.mark.parametrize("name", command_names())
def test_a_command_is_described(name: str) -> None:
    command = load_command(name)
    assert 0 < len(command.help) <= 80
    assert set(command.variables) <= {variable.name for variable in VARIABLES}
    assert not command.guide or (PAGE.parent / command.guide).is_file()
    assert command.run or command.when is When.BUILT


def test_the_file_names_are_the_commands_names() -> None:
    assert {"all", "test", "abi-diff", "why"} <= set(command_names())
    assert not [name for name in command_names() if "_" in name]


def test_only_the_commands_of_the_command_line_are_loaded() -> None:
    assert list(load_commands(["rust_minimal", "why", "build/x.ko"])) == ["why"]


def test_the_help_has_a_line_for_each_command_and_names_each_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    text = full_help()
    for name in command_names():
        assert f"\n  {name:<12}{load_command(name).help}\n" in text
    assert [variable.name for variable in VARIABLES if f" {variable.name}=" not in text] == []
    assert len(text.splitlines()) < 50
    assert max(map(len, text.splitlines())) <= 120


def test_the_help_of_a_single_command_explains_its_variables() -> None:
    assert command_help("hello", SconsCommand("says hello", variables=("NEXT",))) == (
        "scons hello [KEY=value...]\n\n  says hello\n\n"
        "  NEXT=1                      for why: the next build instead of the last\n"
    )


@pytest.fixture
def script(capsys: pytest.CaptureFixture[str]) -> str:
    """The bash script that `scons completion` prints."""
    assert completion.COMMAND.run
    # It needs neither kernels nor modules.
    assert completion.COMMAND.run(None, []) == 0  # type: ignore[arg-type]
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["un"], "uninstall"),
        (["INSTALL_MOD_S"], "INSTALL_MOD_STRIP="),
        (["he"], "hello"),
        (["test", "MODULE", "=", "he"], "hello"),
        (["MODULE", "="], "hello"),
        (["TARGET", "=", "deb"], "debian-6.1"),
        (["KDIR", "=", "mod"], "modules"),
    ],
)
def test_bash_completes(script: str, tmp_path: Path, arguments: list[str], expected: str) -> None:
    for path, text in {
        "modules/hello/module.toml": "[module]\n",
        "modules/shared/module.toml": "[library]\n",
        "targets/debian-6.1.toml": "",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    # compopt fails outside of a completion that the user asks for.
    program = script + 'compopt() { :; }; COMP_WORDS=(scons "$@"); COMP_CWORD=$#; _scons_kmod; echo "${COMPREPLY[@]}"'
    command = ["bash", "-uc", program, "bash", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"{expected}\n", "")
