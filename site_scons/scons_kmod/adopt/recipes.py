# SPDX-License-Identifier: MIT
"""The rules of a makefile: the variables that their recipes give to Kbuild, and what else they do."""

from __future__ import annotations

import re

from scons_kmod.adopt.expansion import expand
from scons_kmod.adopt.kbuild_file import KbuildFile
from scons_kmod.adopt.manifest_draft import ManifestDraft
from scons_kmod.adopt.remarks import Remarks
from scons_kmod.adopt.statements import MakeRule
from scons_kmod.adopt.words import UNKNOWN, only_text

# Variables that tell make where to build and for which kernel. scons has variables of its own for that.
BUILD_VARIABLES = re.compile(
    r"M|MO|O|V|W|C|SUBDIRS|PWD|KBUILD_EXTMOD|KBUILD_VERBOSE|KERNELRELEASE|ARCH|CROSS_COMPILE|CC|LD|LLVM|INSTALL_\w+"
)
# Variables that mean the same to scons as to make.
COMMON_VARIABLES = ("KCFLAGS", "KRUSTFLAGS")
GENERATE = "add [generate.NAME], which runs a program of the module and declares what it writes"
MAKE = re.compile(r"(?:sudo\s+)?(?:\$\(MAKE\)|\$\{MAKE\}|make)(?=\s|$)")
HARMLESS = re.compile(r"(?:sudo\s+)?(?:(?:/sbin/)?depmod|echo|rm|\$\(RM\)|@?:)(?:\s|$)")
SETTING = re.compile(r"""(?<!\S)([A-Za-z_][\w-]*)=((?:"[^"]*"|'[^']*'|\$\([^()]*\)|[^\s"'])*)""")
LOADS_MODULE = re.compile(r"\b(insmod|rmmod|modprobe)\b")
# A target with one of these characters is a file, and no name of a task.
FILE_CHARACTERS = re.compile(r"[./$]")


def variables_of_recipes(wrapper: KbuildFile, remarks: Remarks) -> dict[str, str]:
    """The variables that plain ``make`` sets on Kbuild's command line: ``make -C KDIR M=... X=1``."""
    found: dict[str, str] = {}
    default = default_rules(wrapper.rules)
    for rule in wrapper.rules:
        for command in map(bare_command, rule.recipe):
            if not MAKE.match(command) or "-C" not in command:
                continue
            for name, value in command_line_variables(command):
                if BUILD_VARIABLES.fullmatch(name):
                    continue
                text = only_text(expand(wrapper.variables, value, rule.location))
                fix = f"set {name} in the file if it should apply"
                if name in COMMON_VARIABLES:
                    remarks.add(rule.location, f"make gets {name}={value}: pass it to scons too")
                elif UNKNOWN in text:
                    remarks.add(rule.location, f"make gets {name}={value}, and adopt does not know the value: {fix}")
                elif rule not in default:
                    remarks.add(rule.location, f"only this rule gives make {name}={value}: {fix}")
                else:
                    found[name] = text
    return found


def default_rules(rules: list[MakeRule]) -> list[MakeRule]:
    """The rules that make follows if no target is named: the first rule, and all rules that it depends on."""
    targets = next((rule.targets.split() for rule in rules if not rule.targets.startswith(".")), [])
    found: list[MakeRule] = []
    for target in targets:
        for rule in rules:
            if target in rule.targets.split() and rule not in found:
                found.append(rule)
                # The loop goes on to these.
                targets += rule.prerequisites.split()
    return found


def bare_command(line: str) -> str:
    """A line of a recipe without the characters that are for make itself."""
    return line.lstrip("@-+ \t")


def command_line_variables(command: str) -> list[tuple[str, str]]:
    """The variables that a call of make sets, and their values without the quotes around them."""
    settings = [(match[1], match[2]) for match in SETTING.finditer(command)]
    return [(name, value[1:-1] if re.fullmatch(r"\"[^\"]*\"|'[^']*'", value) else value) for name, value in settings]


def explain_rules(draft: ManifestDraft, kbuild: KbuildFile, wrapper: KbuildFile) -> None:
    """Add a remark about each rule that does more than call Kbuild."""
    locations = {rule.location for rule in kbuild.rules}
    for rule in [*kbuild.rules, *(rule for rule in wrapper.rules if rule.location not in locations)]:
        if message := rule_message(rule):
            draft.remarks.add(rule.location, message)


def rule_message(rule: MakeRule) -> str:
    """The message about a rule, or ""."""
    targets = rule.targets.split()
    if all(target.startswith(".") for target in targets):
        return ""
    if "=" in rule.prerequisites:
        return "the variable is for one target of make only: set it for all targets, or pass it to scons in KCFLAGS"
    writes_file = any(FILE_CHARACTERS.search(target) for target in targets)
    if not rule.recipe:
        message = f"the compiler reports which headers a source includes. If a program writes one of them, {GENERATE}"
        return message if writes_file else ""
    commands = [command for command in map(bare_command, rule.recipe) if command and not is_ordinary(command, targets)]
    if not commands:
        return ""
    if "install" in " ".join(targets):
        return "adopt skips this rule: scons install puts the module where modprobe finds it"
    if all(LOADS_MODULE.search(command) for command in commands):
        return "adopt skips this rule: scons test loads the module in a VM"
    return (
        f"adopt skips the commands of this rule: {GENERATE}" if writes_file else "adopt skips the commands of this rule"
    )


def is_ordinary(command: str, targets: list[str]) -> bool:
    """Whether a command of a rule only calls Kbuild, or removes files."""
    if any("clean" in target for target in targets):
        return True
    return bool(HARMLESS.match(command)) or (bool(MAKE.match(command)) and not re.search(r"[;|]|&&", command))
