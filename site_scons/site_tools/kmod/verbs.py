# SPDX-License-Identifier: MIT
"""The verbs of the command line: test, doctor, install; and what plain `scons` builds."""

from __future__ import annotations

from typing import Any

from SCons.Script import Default

from scons_kmod.install import install_modules, install_root
from scons_kmod.link import module_ko

from .session import Session, reported

Env = Any


def add_verbs(env: Env) -> None:
    """Define the aliases that are no modules, and what is built when nothing is named."""
    session: Session = env["KMOD"]
    pairs = [(target, manifest) for target in session.targets for manifest in session.manifests]
    everything = env.Alias("all", [str(module_ko(target, manifest)) for target, manifest in pairs])
    Default(everything)
    env.Clean(everything, [str(target.build) for target in session.targets])
    verb(env, "install", everything, install)


def verb(env: Env, name: str, needs: Any, action: Any) -> None:
    """An alias that runs `action` each time it is named, after all that it `needs`."""
    node = env.Alias(name, needs, env.Action(action, cmdstr=None))
    env.AlwaysBuild(node)


def install(target: Any, source: Any, env: Env) -> int:
    """Install the modules of every target."""
    session: Session = env["KMOD"]
    with reported():
        root = install_root(session.settings)
        for one in session.targets:
            files = [module_ko(one, manifest) for manifest in session.manifests]
            for path in install_modules(one.tree.release, files, root, session.log(one.name)):
                print(f"  INSTALL {path}")
    return 0
