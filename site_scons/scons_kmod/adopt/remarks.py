# SPDX-License-Identifier: MIT
"""What of a Kbuild file says nothing about the objects of a module: explained, unless it is what all have."""

from __future__ import annotations

import re

from scons_kmod.adopt.draft import Draft, Say
from scons_kmod.adopt.kbuild_file import SIMPLE, KbuildFile
from scons_kmod.adopt.make_syntax import Rule
from scons_kmod.adopt.make_words import UNKNOWN

# What make is told of where and for what to build: scons is told by words of its own.
ASKED = re.compile(
    r"M|MO|O|V|W|C|SUBDIRS|PWD|KBUILD_EXTMOD|KBUILD_VERBOSE|KERNELRELEASE|ARCH|CROSS_COMPILE|CC|LD|LLVM|INSTALL_\w+"
)
# Words of scons as of make.
SAME = ("KCFLAGS", "KRUSTFLAGS")
# Read, or of no use where nothing is written beside the sources.
READ = re.compile(
    r"obj-m|obj-|(KBUILD_(C|A|RUST)FLAGS|(subdir-)?(cc|as|rust)flags-y|EXTRA_[CA]FLAGS|ccflags-remove-y|KBUILD_EXTRA_SYMBOLS"
    r"|(no-)?clean-files|clean-dirs|MAKEFLAGS)|.*-(y|m|n|objs|)"
)
GENERATED = "write [generate.NAME], which runs a program of the module's own and declares what it writes"
ADVICE = {
    r"ldflags-[ym]|EXTRA_LDFLAGS|LDFLAGS_.+": "a module is linked as the kernel's Kbuild does it: no flag can be added",
    r"always(-[ym])?|extra-[ym]|targets": f"what a rule makes: {GENERATED}",
    r"(hostprogs|userprogs|HOST|USER).*": f"programs that run on this machine: {GENERATED}",
    r"obj-y|lib-[ym]": "what is built into the kernel is no module: write obj-m",
    r"subdir-[ym]": "it has modules of its own: adopt that directory, too",
    r"(K[ACM]SAN|UBSAN|KCOV|GCOV)_\w+(\.o)?": "no key is for this: a kernel that checks this does so for all of it",
    r"OBJECT_FILES_NON_STANDARD.*": "objtool checks every object: mark the function with STACK_FRAME_NON_STANDARD",
    r"NOSTDINC_FLAGS|LINUXINCLUDE|USERINCLUDE": "the kernel's headers come first: those of [c] include come after",
    r"cppflags-y|EXTRA_CPPFLAGS|CPPFLAGS_.+": "these are for linker scripts: there is none of the module's own",
}
OBJECT_FLAGS = re.compile(r"(C|A|RUST)FLAGS_(REMOVE_)?(.+)\.o")
ALONE = "nothing in this file uses it, and no key is for it"
SPECIFIC = "a variable for one target only: write it for all, or give it to scons in KCFLAGS"
INSTALLS = "it is not run: scons install puts the module where modprobe finds it"
RECIPE = "its commands are not run"
MAKE = re.compile(r"(?:sudo\s+)?(?:\$\(MAKE\)|\$\{MAKE\}|make)(?=\s|$)")
HARMLESS = re.compile(r"(?:sudo\s+)?(?:(?:/sbin/)?depmod|echo|rm|\$\(RM\)|@?:)(?:\s|$)")
GIVEN = re.compile(r"""(?<!\S)([A-Za-z_][\w-]*)=((?:"[^"]*"|'[^']*'|\$\([^()]*\)|[^\s"'])*)""")
LOADS = re.compile(r"\b(insmod|rmmod|modprobe)\b")


def given_by_recipes(wrapper: KbuildFile, say: Say) -> dict[str, str]:
    """The variables that plain ``make`` sets on the command line of Kbuild's: ``make -C KDIR M=... X=1``."""
    found: dict[str, str] = {}
    usual = usual_rules(wrapper.rules)
    for rule in wrapper.rules:
        for line in map(command, rule.recipe):
            if not MAKE.match(line) or "-C" not in line:
                continue
            for name, value in words_of(line):
                text = wrapper.plain(value, rule.place)
                if ASKED.fullmatch(name):
                    continue
                if name in SAME:
                    say(rule.place, f"make is given {name}={value}: give it to scons, too")
                elif UNKNOWN in text or rule not in usual:
                    why = "which is not known here" if UNKNOWN in text else "and only here"
                    say(rule.place, f"make is given {name}={value}, {why}: set {name} in the file if it should count")
                else:
                    found[name] = text
    return found


def usual_rules(rules: list[Rule]) -> list[Rule]:
    """What make does when it is given no target: the first rule, and all that it depends on."""
    wanted = next((rule.targets.split() for rule in rules if not rule.targets.startswith(".")), [])
    found: list[Rule] = []
    for name in wanted:
        for rule in rules:
            if name in rule.targets.split() and rule not in found:
                found.append(rule)
                wanted += rule.prerequisites.split()
    return found


def command(line: str) -> str:
    """A line of a recipe without what it says to make."""
    return line.lstrip("@-+ \t")


def words_of(line: str) -> list[tuple[str, str]]:
    """The variables that a command of make sets, and their values without quotes around them."""
    found = [(match[1], match[2]) for match in GIVEN.finditer(line)]
    return [(name, value[1:-1] if re.fullmatch(r"\"[^\"]*\"|'[^']*'", value) else value) for name, value in found]


def explain_rest(draft: Draft, kbuild: KbuildFile, wrapper: KbuildFile) -> None:
    """Say something of each rule that does more than call Kbuild, and of each variable that nothing reads."""
    for rule in [*kbuild.rules, *(rule for rule in wrapper.rules if rule.place not in {r.place for r in kbuild.rules})]:
        if why := rule_remark(rule):
            draft.say(rule.place, why)
    texts = [*kbuild.texts, *wrapper.texts]
    objects = {source.object for source in draft.sources}
    for name, variable in kbuild.variables.items():
        if variable.parts and (why := variable_remark(name, objects, draft.name, texts)):
            draft.say(variable.parts[0].place, why)


def rule_remark(rule: Rule) -> str:
    """What is to be said of a rule."""
    targets = rule.targets.split()
    if all(target.startswith(".") for target in targets):
        return ""
    if "=" in rule.prerequisites:
        return SPECIFIC
    if not rule.recipe:
        made = any(re.search(r"[./$]", target) for target in targets)
        return f"the compiler tells which headers a source includes; if one is made: {GENERATED}" if made else ""
    own = [line for line in map(command, rule.recipe) if line and not ordinary(line, targets)]
    if not own:
        return ""
    if "install" in " ".join(targets):
        return INSTALLS
    if all(LOADS.search(line) for line in own):
        return "it is not run: scons test loads the module in a VM"
    return f"{RECIPE}: {GENERATED}" if any(re.search(r"[./$]", target) for target in targets) else RECIPE


def ordinary(line: str, targets: list[str]) -> bool:
    """Whether a command only calls Kbuild, or tidies up after it."""
    if any("clean" in target for target in targets):
        return True
    return bool(HARMLESS.match(line)) or (bool(MAKE.match(line)) and not re.search(r"[;|]|&&", line))


def variable_remark(name: str, objects: set[str], module: str, texts: list[str]) -> str:
    """What is to be said of a variable that the file sets."""
    if match := OBJECT_FLAGS.fullmatch(name):
        return (
            ""
            if f"{match[3]}.o" in objects
            else f"{match[3]}.o is none of the objects of {module}: name it as their list does"
        )
    for pattern, why in ADVICE.items():
        if re.fullmatch(pattern, name):
            return why
    if READ.fullmatch(name) or name in SIMPLE:
        return ""
    used = re.compile(rf"\$[({{]{re.escape(name)}[:)}}]|\b(?:ifn?def)\s+{re.escape(name)}\b")
    return "" if any(used.search(text) for text in texts) else ALONE
