# SPDX-License-Identifier: MIT
"""The verbs of the command line: test, doc, doctor, install; and what plain `scons` builds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from SCons.Script import COMMAND_LINE_TARGETS, Default

from scons_kmod.build_target import BuildTarget
from scons_kmod.errors import UserError
from scons_kmod.home import LIBRARY, home
from scons_kmod.link import module_ko
from scons_kmod.located_toml import suggestion
from scons_kmod.manifest import Manifest
from scons_kmod.run_log import read_entries
from scons_kmod.settings import VERBS

from .graph import nodes
from .session import Session, reported

if TYPE_CHECKING:
    from scons_kmod.module_package import ModulePackage

Env = Any
# Two processes: builds and VMs take turns at waiting. Tests of one file, which may share a build, stay in one.
PARALLEL = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
# The VM tests of modules.
MODULE_TESTS = LIBRARY / "module_tests"
ALONE = (
    *("-p", "scons_kmod.vm_pytest", "-p", "no:cacheprovider"),
    *("-c", str(MODULE_TESTS / "pytest.ini"), str(MODULE_TESTS)),
)
# Those of `VERBS` that there are.
IMPLEMENTED = ("all", "test", "doc", "install", "uninstall", "deb", "rpm", "dkms", "crates", "doctor", "why")


def add_verbs(env: Env) -> None:
    """Define the aliases that are no modules, and what is built when nothing is named."""
    session: Session = env["KMOD"]
    with reported():
        chosen = chosen_modules(session)
        check_words(session)
        if "why" in COMMAND_LINE_TARGETS:
            why(session, chosen)
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
    verb(env, "dkms", [], lambda target, source, env: dkms(session, chosen))
    if "crates" in COMMAND_LINE_TARGETS:
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
    if not found and session.targets and "crates" not in COMMAND_LINE_TARGETS:
        names = ", ".join(manifest.name for manifest in session.manifests)
        raise UserError("there is no module of this name", where=f"MODULE={name}", fix=f"there are: {names}")
    return found


def check_words(session: Session) -> None:
    """Raise `UserError` for a word of the command line that names no module, no verb and no file."""
    names = [*(manifest.name for manifest in session.manifests), *IMPLEMENTED]
    for word in map(str, COMMAND_LINE_TARGETS):
        if word in names or "/" in word or Path(word).exists():
            continue
        if word in VERBS:
            raise UserError("this verb is not supported yet", where=word, fix=f"there are: {', '.join(IMPLEMENTED)}")
        raise UserError("there is no module or verb of this name", where=word, fix=suggestion(word, names))


def objects(session: Session, manifests: Sequence[Manifest]) -> list[str]:
    """The modules' .ko files for all targets, but for those that are up to date whatever happens."""
    served = ((target, one) for target in session.targets for one in session.served(target, manifests))
    paths = [str(module_ko(target, manifest)) for target, manifest in served]
    # One at least: of what depends on nothing, SCons says that there is nothing to be done, not that it is up to date.
    return [path for path in paths if session.graph.may_change(path)] or paths[:1]


def test_programs(env: Env, target: BuildTarget, manifest: Manifest) -> list[Any]:
    """The nodes of the programs that a module's test runs; nothing else needs them."""
    if not manifest.programs or "test" not in COMMAND_LINE_TARGETS:
        return []
    from scons_kmod.vm_plan import program_steps

    session: Session = env["KMOD"]
    return nodes(env, *(session.add(env, target.name, step) for step in program_steps(target, manifest)))


def test(session: Session, manifests: Sequence[Manifest]) -> int:
    """Run pytest with the VM tests of the modules on every target; in our own checkout, all other tests as well.

    With MODULE= it is that module's test and nothing else.
    """
    from scons_kmod.vm_plan import make_plan, save_plan

    argv = [sys.executable, "-m", "pytest", f"--junitxml={session.build / 'test-results.xml'}"]
    ours = session.top == home()
    argv += PARALLEL if ours and not session.settings.module else ALONE
    with reported():
        for target, chosen in zip(session.targets, session.chosen, strict=True):
            path = target.build / "vm-plan.json"
            save_plan(make_plan(target, chosen, session.served(target, manifests), session.log(target.name)), path)
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
    from scons_kmod.rustdoc import doc_step

    session: Session = env["KMOD"]
    env.SupportCrates(target)
    return nodes(env, session.add(env, target.name, doc_step(target)))


def install_all(session: Session, manifests: Sequence[Manifest]) -> int:
    """Install the modules of every target where modprobe finds them."""
    from scons_kmod.install import install

    with reported():
        for target in session.targets:
            for path in install(target, session.served(target, manifests), session.settings, session.log(target.name)):
                print(f"  {'INSTALL':<8}{path}")
    return 0


def packages(session: Session, manifests: Sequence[Manifest], kind: str) -> int:
    """Make a deb or an rpm of each module that says what a package needs: of all, or of that of MODULE=.

    Beside it is an SPDX document of what it was made of.
    """
    from scons_kmod.deb import build_deb, module_deb
    from scons_kmod.module_package import module_package
    from scons_kmod.rpm import build_rpm

    with reported():
        for target, chosen in zip(session.targets, session.chosen, strict=True):
            log = session.log(target.name)
            for manifest in session.served(target, packaged(manifests, session)):
                package = module_package(target, chosen.description, manifest, session.settings, log)
                if kind == "deb":
                    made = build_deb(module_deb(package, target.tree.arch), target.build / kind, log)
                else:
                    made = build_rpm(package, target.tree.arch, target.build / kind, log)
                print(f"  {kind.upper():<8}{made.relative_to(session.top)}")
                document(session, target, manifest, package, made.with_suffix(".spdx.json"))
    return 0


def document(session: Session, target: BuildTarget, manifest: Manifest, package: ModulePackage, path: Path) -> None:
    """Write the SPDX document of a package, if the library for it is there: Debian has no package of it."""
    try:
        from scons_kmod.sbom import write_sbom
    except ImportError as error:
        missing = f"the Python package {error.name} is not there: python3 -m pip install spdx-tools"
        print(f"  {'SPDX':<8}left out: {missing}")
        return
    from scons_kmod.why import steps_to

    steps = steps_to(session.graph.steps, str(module_ko(target, manifest)))
    write_sbom(path, package, target, manifest, steps, session.store(target.name))
    print(f"  {'SPDX':<8}{path.relative_to(session.top)}")


def dkms(session: Session, manifests: Sequence[Manifest]) -> int:
    """Write the source tree for DKMS of each module that says what a package needs, and a Debian package of it."""
    from scons_kmod.deb import build_deb
    from scons_kmod.dkms import dkms_deb, write_tree

    directory, log = session.build / "dkms", session.log(session.targets[0].name)
    with reported():
        for manifest in packaged(manifests, session):
            made = (write_tree(manifest, directory), build_deb(dkms_deb(manifest), directory, log))
            print(*(f"  {'DKMS':<8}{path.relative_to(session.top)}" for path in made), sep="\n")
    return 0


def support(env: Env, target: BuildTarget) -> list[Any]:
    """The nodes of all that the modules of a target share."""
    from scons_kmod.link import shared_steps

    session: Session = env["KMOD"]
    linking = nodes(env, *(session.add(env, target.name, step) for step in shared_steps(target)))
    return [*env.SupportCrates(target), *env.CHelpers(target), *linking]


def crates(session: Session) -> int:
    """Make a Debian package of the support crates of each target."""
    from scons_kmod.crates_package import crates_deb
    from scons_kmod.deb import build_deb
    from scons_kmod.seed import pack

    with reported():
        for target in session.targets:
            log = session.log(target.name)
            own = (step for key, step in session.graph.steps.items() if Path(key).is_relative_to(target.build))
            files = pack(own, session.store(target.name), target.build)
            made = build_deb(crates_deb(target, files, log), target.build / "deb", log)
            print(f"  {'DEB':<8}{made.relative_to(session.top)}")
    return 0


def packaged(manifests: Sequence[Manifest], session: Session) -> list[Manifest]:
    """The modules to make packages of: those with a [package], and one that MODULE= names. Raises `UserError`."""
    found = [manifest for manifest in manifests if manifest.package or session.settings.module]
    if not found:
        fix = "write [package] with version, date, maintainer, summary and license into a manifest"
        raise UserError("no module says anything of packages", where="deb, rpm and dkms", fix=fix)
    return found


def uninstall_all(session: Session, manifests: Sequence[Manifest]) -> int:
    """Take away what was installed for every target: of one module, if MODULE= names it."""
    from scons_kmod.install import uninstall

    some = manifests if session.settings.module else None
    with reported():
        for target in session.targets:
            removed, left = uninstall(target.tree.release, some, session.settings, session.log(target.name))
            for path in removed:
                print(f"  {'REMOVE':<8}{path}")
            for path in left:
                print(f"  {'LEFT':<8}{path}: somebody has changed it")
    return 0


def why(session: Session, manifests: Sequence[Manifest]) -> None:
    """Print why the last build ran what it ran for the modules, or what the next one may run and why; and end."""
    from scons_kmod.why import last_run, next_run

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
    from scons_kmod.doctor import report

    with reported():
        lines, whole = report(session.chosen, session.build)
    print("\n".join(lines))
    sys.exit(0 if whole else 1)
