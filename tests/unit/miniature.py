# SPDX-License-Identifier: MIT
"""Small real things for unit tests: a kernel tree whose make leaves recorded .cmd files, programs, a build target."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scons_kmod.kernel.kbuild import Kbuild, read_commands
from scons_kmod.kernel.kernel_tree import open_tree
from scons_kmod.kernel.tool_finder import Tool
from scons_kmod.kernel.toolchain import Toolchain
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.wrappers.wrapper_crates import MARK

RECORDED = Path(__file__).with_name("recorded")
RELEASES = {"6.1": "6.1.0-56-amd64", "6.12": "6.12.117+deb12-amd64"}
COMPILERS = {"6.1": "gcc-12", "6.12": "x86_64-linux-gnu-gcc-12"}

CLANG = "/opt/clang/libclang.so"

# Kbuild in miniature: it leaves what the real one left, and counts how often it was run.
MAKEFILE = """\
modules:
\t@for f in $$(ls -A recorded); do \\
\t\tsed -e 's|@WORK@|$(M)|g' -e 's|@KCFLAGS@|$(KCFLAGS)|' recorded/$$f > $(M)/$$f || exit 1; \\
\tdone
\t@echo 'KCFLAGS=$(KCFLAGS) CONFIG_DEBUG_INFO_BTF_MODULES=$(CONFIG_DEBUG_INFO_BTF_MODULES)' >> probes
"""

CONFIG = """\
CONFIG_CC_VERSION_TEXT="{compiler} (Debian 12.2.0-14) 12.2.0"
CONFIG_SMP=y
CONFIG_MODVERSIONS=y
CONFIG_SND=m
CONFIG_HZ=250
CONFIG_DEFAULT_HOSTNAME="(none)"
"""


def write(path: Path, text: str, mode: int = 0o644) -> Path:
    """A file with this text, and its directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def kernel_tree(path: Path, version: str = "6.12") -> Path:
    """A prepared kernel tree of that version's style."""
    compiler = COMPILERS[version]
    files = {
        "Makefile": MAKEFILE,
        "Module.symvers": "0x12345678\t_printk\tvmlinux\tEXPORT_SYMBOL\t\n",
        "arch/x86/Makefile": "",
        "arch/x86/module.lds": "",
        "arch/x86/include/generated/asm/errno.h": "",
        "include/config/auto.conf": CONFIG.format(compiler=compiler),
        "include/generated/utsrelease.h": f'#define UTS_RELEASE "{RELEASES[version]}"\n',
        "scripts/Kbuild.include": "",
        "scripts/mod/modpost": "",
    }
    for name, text in files.items():
        write(path / name, text)
    for recorded in (RECORDED / f"kbuild-{version}").iterdir():
        write(path / "recorded" / recorded.name, recorded.read_text())
    return path


def probes(tree: Path) -> list[str]:
    """What each run of the tree's make was asked."""
    path = tree / "probes"
    return path.read_text().splitlines() if path.exists() else []


def recorded_kbuild(work: Path, version: str) -> Kbuild:
    """What is read from the recorded .cmd files of a kernel, as if the probe had been built in `work`."""
    for recorded in (RECORDED / f"kbuild-{version}").iterdir():
        write(work / recorded.name, recorded.read_text().replace("@WORK@", str(work)).replace("@KCFLAGS@", "-g0"))
    return read_commands(work)


def target(directory: Path, version: str = "6.12") -> BuildTarget:
    """A target of made-up tools for a miniature tree; its sources are a checkout of three files."""
    sources = directory / "checkout"
    for name in ("rust/helpers/slab.c", "rust/helpers/uaccess.c", "rust/bindings/bindings_helper.h", "rust/module.lds"):
        write(sources / name, "")
    write(
        sources / "rust/bindgen_parameters",
        "# opaque\n--opaque-type xregs_state # packed and aligned\n\n--no-doc-comments\n",
    )
    tree = open_tree(kernel_tree(directory / "tree", version))
    cc = f"/usr/bin/{COMPILERS[version]}"
    return BuildTarget(
        name=f"debian-{version}",
        tree=tree,
        kbuild=recorded_kbuild(directory / "probe", version),
        toolchain=Toolchain(
            rustc=Tool("/opt/rust/bin/rustc", "1.96.0", "rustc's digest", (("LD_LIBRARY_PATH", "/opt/rust/lib"),)),
            library_sources="/opt/rust/library",
            bindgen=Tool("/usr/bin/bindgen", "0.60.1", "bindgen's digest", (("LIBCLANG_PATH", CLANG),)),
            cc=Tool(cc, "12.2.0", "gcc's digest"),
            refused=(),
        ),
        build=directory / "build" / f"debian-{version}",
        cache=directory / "cache",
        sources=sources,
        kcflags=(),
        krustflags=("-Cdebuginfo=1",),
        extra_symbols=(),
    )


def write_wrappers(target: BuildTarget, lib: str, **sources: str) -> None:
    """The target's kernel/: lib.rs, in which ``#[apart]`` is the mark of a wrapper, and the wrappers' files by name."""
    write(target.sources / "kernel/lib.rs", lib.replace("#[apart]", MARK))
    for name, text in sources.items():
        write(target.sources / f"kernel/{name}.rs", text)


def module(directory: Path, name: str = "rust-echo") -> Manifest:
    """A module that lies outside of the checkout."""
    crate = name.replace("-", "_")
    write(directory / "module.toml", f'[module]\nname = "{name}"\n')
    return Manifest(name, directory, write(directory / f"{crate}.rs", ""), None)


def programs(monkeypatch: pytest.MonkeyPatch, directory: Path, **scripts: str) -> Path:
    """A PATH of one directory with these shell scripts alone, and what they themselves call."""
    for name, body in scripts.items():
        write(directory / name.replace("__", "-"), f"#!/bin/sh\n{body}\n", 0o755)
    monkeypatch.setenv("PATH", str(directory))
    return directory


def of_debian(monkeypatch: pytest.MonkeyPatch, suite: str = "bookworm") -> None:
    """Let the machine be one of this suite."""
    system = {"ID": "debian", "VERSION_CODENAME": suite}
    for name in ("apt", "target_choice"):
        monkeypatch.setattr(f"scons_kmod.distro.{name}.read_os_release", lambda *_: system)


def ko(path: Path, depends: str = "") -> Path:
    """A finished module that is nothing but what it says of itself."""
    raw = write(path.with_suffix(".modinfo"), f"license=GPL\0depends={depends}\0name={path.stem}\0")
    argv = ["objcopy", "-I", "binary", "-O", "elf64-x86-64", "--rename-section", ".data=.modinfo", raw, path]
    subprocess.run(argv, check=True)
    return path


def arg_after(argv: tuple[str, ...] | list[str], arg: str) -> str:
    """The arg that follows `arg` in a command line."""
    return argv[argv.index(arg) + 1]
