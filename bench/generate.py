# SPDX-License-Identifier: MIT
"""What is built: a kernel tree that may be edited, a copy of the project, and modules."""

from __future__ import annotations

import shutil
from pathlib import Path

from scons_kmod.cache import cache_directory
from scons_kmod.packages import fetch
from scons_kmod.run_log import RunLog
from scons_kmod.target import default_target, read_targets

PROJECT = Path(__file__).resolve().parents[1]
PARTS = ("SConstruct", "site_scons", "rust", "kernel", "targets")
C_SOURCE = """\
// SPDX-License-Identifier: GPL-2.0
#include <linux/init.h>
#include <linux/module.h>

static int __init {name}_init(void)
{{
	pr_info("{name} 0\\n");
	return 0;
}}

static void __exit {name}_exit(void)
{{
	pr_info("{name} is gone\\n");
}}

module_init({name}_init);
module_exit({name}_exit);
MODULE_DESCRIPTION("A module that does nothing");
MODULE_LICENSE("GPL");
"""


def kernel_tree(root: Path) -> Path:
    """A copy of the default target's headers below `root`: its kernel tree, for ``KDIR=`` and ``make -C``."""
    target = default_target(read_targets(PROJECT / "targets"))
    unpacked = fetch(target, cache_directory(), RunLog(target.name))
    shutil.copytree(unpacked.root, root, symlinks=True)
    return root / unpacked.kernel_tree.relative_to(unpacked.root)


def checkout(path: Path) -> None:
    """A copy of the project, without its modules."""
    path.mkdir(parents=True)
    for part in PARTS:
        if (PROJECT / part).is_dir():
            shutil.copytree(PROJECT / part, path / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(PROJECT / part, path / part)


def c_modules(directory: Path, count: int) -> None:
    """Modules of one C file each."""
    for number in range(count):
        name = f"bench_{number:04}"
        (directory / name).mkdir(parents=True)
        (directory / name / "module.toml").write_text(f'[module]\nname = "{name}"\n\n[c]\nsources = ["{name}.c"]\n')
        (directory / name / f"{name}.c").write_text(C_SOURCE.format(name=name))


def rust_modules(directory: Path, names: list[str]) -> None:
    """Copies of the project's own modules of these names."""
    for name in names:
        shutil.copytree(PROJECT / "modules" / name, directory / name)


def rust_names(count: int) -> list[str]:
    """The names of the project's first modules."""
    names = sorted(path.parent.name for path in (PROJECT / "modules").glob("*/module.toml"))
    if count > len(names):
        raise SystemExit(f"modules/ has {len(names)} modules, not {count}")
    return names[:count]
