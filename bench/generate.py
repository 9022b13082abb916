# SPDX-License-Identifier: MIT
"""What is built: a kernel tree that may be edited, a copy of the project, and modules."""

from __future__ import annotations

import shutil
from pathlib import Path

from scons_kmod.base.directories import cache_directory
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.kernel_packages.download import fetch_packages
from scons_kmod.distro.target_choice import default_target
from scons_kmod.distro.target_file import read_targets
from scons_kmod.manifest.manifest import BUNDLED
from scons_kmod.manifest.project import find_project

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
    unpacked = fetch_packages(target, cache_directory(), RunLog(target.name))
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


# The module of many parts.
MANY = "bench_parts"
PART_SOURCE = """\
// SPDX-License-Identifier: GPL-2.0
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "parts.h"

struct part_{number} {{
	struct list_head list;
	spinlock_t lock;
	u64 count;
	char name[{size}];
}};

int part_{number}(struct inode *inode, const char *text)
{{
	struct part_{number} *part = kzalloc(sizeof(*part), GFP_KERNEL);
	int sum = 0;

	if (!part)
		return -ENOMEM;
	INIT_LIST_HEAD(&part->list);
	spin_lock_init(&part->lock);
	strscpy(part->name, text, sizeof(part->name));
	for (size_t i = 0; part->name[i]; i++) {{
		spin_lock(&part->lock);
		sum += part->name[i] ^ PARTS_SALT;
		part->count++;
		spin_unlock(&part->lock);
	}}
	pr_info("part {number}: %s, %llu of %lu\\n", part->name, part->count, inode ? inode->i_ino : 0);
	kfree(part);
	return sum;
}}
"""


# One of many small Rust modules, of which every twentieth uses the wrapper rbtree.
USERS_EVERY = 20
SMALL_SOURCE = """\
// SPDX-License-Identifier: GPL-2.0
//! A small module.
#![no_std]

use kernel::prelude::*;
{use_}
module! {{
    type: Small,
    name: b"{name}",
    author: b"The bench",
    description: b"A small module",
    license: b"GPL v2",
}}

struct Small {{
    numbers: Vec<u32>,
}}

impl KernelModule for Small {{
    fn init() -> Result<Self> {{
        let mut numbers = Vec::new();
        numbers.try_reserve(8)?;
        numbers.extend([{number}, 108, 200]);
{body}        pr_info!("{name}: {{:?}}\\n", numbers);
        Ok(Small {{ numbers }})
    }}
}}

impl Drop for Small {{
    fn drop(&mut self) {{
        pr_info!("{name}: {{}}\\n", self.numbers.len());
    }}
}}
"""
USE_OF_RBTREE = """\
        let mut tree = RBTree::new();
        for &number in &numbers {{
            tree.try_insert(number, number ^ {number})?;
        }}
        pr_info!("{name}: {{:?}}\\n", tree.get(&{number}));
"""


CRATE_SOURCE = """\
// SPDX-License-Identifier: GPL-2.0
//! One of many crates.
#![no_std]

use kernel::prelude::*;

/// Something that takes a while to compile.
pub fn work(text: &str) -> Result<u32> {{
    let mut numbers: Vec<u32> = Vec::new();
    numbers.try_reserve(text.len())?;
    numbers.extend(text.bytes().map(|byte| u32::from(byte) + {number}));
    numbers.sort_unstable();
    Ok(numbers.iter().sum::<u32>(){more})
}}
"""
ROOT_SOURCE = """\
// SPDX-License-Identifier: GPL-2.0
//! The Rust of a module of C files and many crates.
#![no_std]

/// What C calls.
#[no_mangle]
pub extern "C" fn parts_of_rust() -> i32 {{
    [{calls}].into_iter().flatten().sum::<u32>() as i32
}}
"""


def add_crates(home: Path, count: int) -> None:
    """Give a module of parts so many crates, each of which needs one of those before it."""
    tables, calls = [], []
    for number in range(count):
        needed = f"part_{number // 2}" if number else ""
        more = f" + {needed}::work(text)?" if needed else ""
        (home / f"part_{number}").mkdir()
        (home / f"part_{number}/lib.rs").write_text(CRATE_SOURCE.format(number=number, more=more))
        crates = f'"{needed}"' if needed else ""
        tables.append(f'\n[crates.part_{number}]\npath = "part_{number}"\ncrates = [{crates}]\n')
        calls.append(f'part_{number}::work("bench")')
    (home / "bench_parts.rs").write_text(ROOT_SOURCE.format(calls=", ".join(calls)))
    manifest = home / "module.toml"
    text = manifest.read_text().replace(
        "\n\n[c]\n", '\nroot = "bench_parts.rs"\nedition = "2021"\n\n[c]\ndefines = ["WITH_RUST"]\n'
    )
    manifest.write_text(text + "".join(tables))


def module_of_parts(directory: Path, count: int) -> None:
    """One module of so many C files, which have a header of its own in common; its Rust, if it gets any, it calls."""
    name = MANY
    home = directory / name
    home.mkdir(parents=True)
    (home / "module.toml").write_text(f'[module]\nname = "{name}"\n\n[c]\nsources = ["*.c"]\n')
    numbers = range(1, count)
    lines = "".join(f"int part_{number}(struct inode *inode, const char *text);\n" for number in numbers)
    (home / "parts.h").write_text(f"#define PARTS_SALT 5\nstruct inode;\nint parts_of_rust(void);\n{lines}")
    for number in numbers:
        (home / f"part_{number}.c").write_text(PART_SOURCE.format(number=number, size=16 + number))
    calls = "".join(f"\tsum += part_{number}(NULL, text);\n" for number in numbers)
    include = "#include <linux/module.h>\n"
    text = C_SOURCE.format(name=name).replace(include, f'{include}\n#include "parts.h"\n')
    begin = '\tpr_info("'
    of_rust = "#ifdef WITH_RUST\n\tsum += parts_of_rust();\n#endif\n"
    more = f'\tconst char *text = "bench";\n\tint sum = 0;\n\n{calls}{of_rust}\tpr_info("%d\\n", sum);\n{begin}'
    (home / "main.c").write_text(text.replace(begin, more, 1))


def small_rust_modules(directory: Path, count: int) -> None:
    """Small modules of one crate, of which every twentieth uses the wrapper rbtree."""
    for number in range(count):
        name = f"small_{number:03}"
        uses = number % USERS_EVERY == 0
        use = "use kernel::rbtree::RBTree;\n" if uses else ""
        body = USE_OF_RBTREE.format(name=name, number=number) if uses else ""
        (directory / name).mkdir(parents=True)
        (directory / name / "module.toml").write_text(f'[module]\nname = "{name}"\n')
        text = SMALL_SOURCE.format(name=name, number=number, use_=use, body=body)
        (directory / name / f"{name}.rs").write_text(text)


def rust_modules(directory: Path, names: list[str]) -> None:
    """Copies of the project's own modules of these names."""
    for name in names:
        shutil.copytree(PROJECT / "modules" / name, directory / name)


def rust_names(count: int) -> list[str]:
    """The names of the project's first modules of one crate."""
    modules = find_project([PROJECT / "modules"]).modules
    names = [
        module.name
        for module in modules
        if module.root and module.api == BUNDLED and not (module.has_c or module.crates or module.needs)
    ]
    if count > len(names):
        raise SystemExit(f"modules/ has {len(names)} modules, not {count}")
    return names[:count]
