# SPDX-License-Identifier: MIT
"""The verbs of the command line: test, doc, doctor, adopt, install; and what plain `scons` builds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from SCons.Script import COMMAND_LINE_TARGETS, Default

from scons_kmod.base.errors import UserError
from scons_kmod.base.home import LIBRARY, home
from scons_kmod.base.located_toml import suggestion
from scons_kmod.base.run_log import read_entries
from scons_kmod.manifest.manifest import Manifest, with_needs
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_ko

from .abi_verb import abi_diff, code_of
from .graph import nodes
from .package_verbs import crates, dkms, packages, stage, support
from .session import Session, reported

Env = Any
# The verbs of the command line: no module can have such a name.
VERBS = (
    "all",
    "test",
    "doctor",
    "install",
    "uninstall",
    "why",
    "doc",
    "deb",
    "rpm",
    "stage",
    "dkms",
    "crates",
    "adopt",
    "abi-diff",
)
# Two processes: builds and VMs take turns at waiting. Tests of one file, which may share a build, stay in one.
PARALLEL = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
# The VM tests of modules.
MODULE_TESTS = LIBRARY / "vm/module_tests"
ALONE = (
    *("-p", "scons_kmod.vm.pytest_plugin", "-p", "no:cacheprovider"),
    *("-c", str(MODULE_TESTS / "pytest.ini"), str(MODULE_TESTS)),
)


def add_verbs(env: Env) -> None:
    """Define the aliases that are no modules, and what is built when nothing is named."""
    session: Session = env["KMOD"]
    with reported():
        chosen = chosen_modules(session)
        check_words(session)
        if "why" in COMMAND_LINE_TARGETS:
            why(session, chosen)
    for reason, names in session.skipped.items():
        print(f"  {'SKIP':<8}{', '.join(names)}: {reason}")
    everything = env.Alias("all", objects(session, session.manifests))
    some = objects(session, chosen)
    Default(some if session.settings.module else everything)
    env.Clean(everything, [str(target.build) for target in session.targets])
    programs = [
        node
        for target in session.targets
        for one in session.served(target, chosen)
        for node in test_programs(env, target, one)
    ]
    verb(env, "test", [*some, *programs], lambda target, source, env: test(session, chosen))
    if "doc" in COMMAND_LINE_TARGETS:
        pages = [node for target in session.targets for node in documentation(env, target)]
        verb(env, "doc", pages, lambda target, source, env: print(*(f"  {'SEE':<8}{page}" for page in pages), sep="\n"))
    verb(env, "install", some, lambda target, source, env: install_all(session, chosen))
    verb(env, "deb", some, lambda target, source, env: packages(session, chosen, "deb"))
    verb(env, "rpm", some, lambda target, source, env: packages(session, chosen, "rpm"))
    verb(env, "stage", some, lambda target, source, env: stage(session, chosen))
    verb(env, "dkms", [], lambda target, source, env: dkms(session, chosen))
    if "abi-diff" in COMMAND_LINE_TARGETS:
        with reported():
            compared = code_of(env, chosen)
        verb(env, "abi-diff", compared, lambda target, source, env: abi_diff(session, chosen))
    if "crates" in COMMAND_LINE_TARGETS:
        with reported():
            needs = [node for target in session.targets for node in support(env, target)]
        verb(env, "crates", needs, lambda target, source, env: crates(session))
    verb(env, "uninstall", [], lambda target, source, env: uninstall_all(session, chosen))


def verb(env: Env, name: str, needs: Any, action: Any) -> None:
    """An alias that runs `action` each time it is named, after all that it `needs`."""
    if name in COMMAND_LINE_TARGETS:
        env.AlwaysBuild(env.Alias(name, needs, env.Action(action, cmdstr=None)))


def chosen_modules(session: Session) -> list[Manifest]:
    """The modules that a verb is about: the one that MODULE= names, or all. Raises `UserError`."""
    name = session.settings.module
    found = [manifest for manifest in session.manifests if name in (None, manifest.name)]
    if not found and name and session.targets:
        names = ", ".join(manifest.name for manifest in session.manifests)
        raise UserError("there is no module of this name", where=f"MODULE={name}", fix=f"there are: {names}")
    return found


def check_words(session: Session) -> None:
    """Raise `UserError` for a word of the command line that names no module, no verb and no file."""
    names = [*(manifest.name for manifest in session.manifests), *VERBS]
    for word in map(str, COMMAND_LINE_TARGETS):
        if word in names or "/" in word or Path(word).exists():
            continue
        raise UserError("there is no module or verb of this name", where=word, fix=suggestion(word, names))


def objects(session: Session, manifests: Sequence[Manifest]) -> list[str]:
    """The modules' .ko files for all targets, but for those that are up to date whatever happens."""
    some = ((target, one) for target in session.targets for one in with_needs(session.served(target, manifests)))
    paths = [str(module_ko(target, manifest)) for target, manifest in some]
    # One at least: of what depends on nothing, SCons says that there is nothing to be done, not that it is up to date.
    return [path for path in paths if session.graph.may_change(path)] or paths[:1]


def test_programs(env: Env, target: BuildTarget, manifest: Manifest) -> list[Any]:
    """The nodes of the programs that a module's test runs; nothing else needs them."""
    if not manifest.programs or "test" not in COMMAND_LINE_TARGETS:
        return []
    from scons_kmod.vm.plan import program_steps

    session: Session = env["KMOD"]
    return nodes(env, *(session.add(env, target.name, step) for step in program_steps(target, manifest)))


def test(session: Session, manifests: Sequence[Manifest]) -> int:
    """Run pytest with the VM tests of the modules on every target; in our own checkout, all other tests as well.

    With MODULE= it is that module's test and nothing else.
    """
    from scons_kmod.vm.plan import make_plan, save_plan

    argv = [sys.executable, "-m", "pytest", f"--junitxml={session.build / 'test-results.xml'}"]
    ours = session.top == home()
    argv += PARALLEL if ours and not session.settings.module else ALONE
    with reported():
        for target, chosen in zip(session.targets, session.chosen, strict=True):
            path = target.build / "vm-plan.json"
            save_plan(
                make_plan(target, chosen, session.served(target, manifests), session.log(target.name)),
                path,
            )
            argv.append(f"--vm-plan={path}")
    with session.log(session.targets[0].name).recorded("TEST", "pytest") as status:
        status.append(subprocess.run(argv, cwd=session.top, env=environment(), check=False).returncode)
    return status[0]


def environment() -> dict[str, str]:
    """The environment for pytest: it finds the library, be it in site_scons or in an installed package."""
    path = os.pathsep.join(filter(None, (str(LIBRARY.parent), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}


def documentation(env: Env, target: BuildTarget) -> list[Any]:
    """The first pages of the crates' documentation; nothing else needs them."""
    from scons_kmod.crates.rustdoc import doc_step

    session: Session = env["KMOD"]
    env.SupportCrates(target)
    return nodes(env, session.add(env, target.name, doc_step(target)))


def install_all(session: Session, manifests: Sequence[Manifest]) -> int:
    """Install the modules of every target where modprobe finds them."""
    from scons_kmod.install.install import install_modules

    with reported():
        for target in session.targets:
            some = with_needs(session.served(target, manifests))
            for path in install_modules(target, some, session.settings, session.log(target.name)):
                print(f"  {'INSTALL':<8}{path}")
    return 0


def uninstall_all(session: Session, manifests: Sequence[Manifest]) -> int:
    """Take away what was installed for every target: of one module, if MODULE= names it."""
    from scons_kmod.install.install import uninstall_modules

    some = manifests if session.settings.module else None
    with reported():
        for target in session.targets:
            removed, left = uninstall_modules(target.tree.release, some, session.settings, session.log(target.name))
            for path in removed:
                print(f"  {'REMOVE':<8}{path}")
            for path in left:
                print(f"  {'LEFT':<8}{path}: somebody has changed it")
    return 0


def why(session: Session, manifests: Sequence[Manifest]) -> None:
    """Print why the last build ran what it ran for the modules, or what the next one may run and why; and end."""
    from scons_kmod.engine.why import last_run, next_run

    session.silent = True
    for target in session.targets:
        store, graph = session.store(target.name), session.graph
        entries = [] if session.settings.next else read_entries(target.build / "last-run.json")
        for manifest in session.served(target, manifests):
            key = str(module_ko(target, manifest))
            if session.settings.next:
                lines = next_run(graph.steps, key, graph.expected, store)
            else:
                lines = last_run(graph.steps, key, entries, store)
            short = (line.replace(f"{session.top}/", "") for line in lines)
            print(f"{manifest.name} ({target.name})", *(f"  {line}" for line in short), sep="\n")
    sys.exit(0)


def doctor(session: Session) -> None:
    """Print what is there and what is missing, and end: with status 1 if something is."""
    from scons_kmod.doctor.doctor import report

    with reported():
        lines, whole = report(session.chosen, session.build)
    print("\n".join(lines))
    sys.exit(0 if whole else 1)


def adopt(session: Session) -> None:
    """Write the manifest of the module in DIR=, print what is not in it, and end."""
    from scons_kmod.adopt.adopt import adopt

    with reported():
        directory = session.settings.adopted
        if directory is None:
            raise UserError("no directory is named", where="adopt", fix="write scons adopt DIR=path")
        made = adopt(directory, session.settings.module, write=not session.dry, reserved=VERBS)
    print(f"  {'WRITE':<8}{made.path}")
    if made.remarks:
        print("Not carried over, or not as it was:", *(f"  {remark}" for remark in made.remarks), sep="\n")
    print(f"To build it: scons MODULES={directory}")
    sys.exit(0)
