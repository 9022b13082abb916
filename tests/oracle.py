# SPDX-License-Identifier: MIT
"""The oracle: random edits, a build after each, and all .ko compared with those of a clean build in another directory.

    python tests/oracle.py --rounds 300 --seed 1     # from the project's environment; about ten seconds a round

Headers are edited in a copy of the default target's kernel tree. Some builds are killed half-way, some edits undone.
It ends with status 1 if a module was left as it was although a clean build makes another, and prints how many of the
modules that were linked came out with the bytes that they had.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

# Run as a program, it finds the library beside it; pytest has it on its path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "site_scons"))

from checkout import Checkout, copy_of_tree

MODULES = (
    "rust_chrdev",
    "rust_kvm",
    "rust_list",
    "rust_minimal",
    "rust_miscdev",
    "rust_rbtree",
    "rust_sync",
    "rust_task",
)
# After how many rounds all is summed up.
SAID = 25
MIRRORED = ("rust", "kernel", "modules")
C_SOURCE = """\
// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/fs.h>
#include "own.h"
int {name}_exported(void);
int {name}_exported(void) {{ return OWN; }}
static int __init start(void)
{{
	WARN_ON(OWN == 0);
	pr_info("%d %zu\\n", OWN, sizeof(struct file));
	return 0;
}}
static void __exit stop(void) {{ }}
module_init(start);
module_exit(stop);
EXPORT_SYMBOL_GPL({name}_exported);
MODULE_LICENSE("GPL");
"""


@dataclasses.dataclass(frozen=True)
class Edit:
    """What happens to one file: its content before and after (None: there is none)."""

    what: str
    path: Path
    before: bytes | None
    after: bytes | None

    def undone(self) -> Edit:
        """The edit that leads back."""
        return Edit(f"undo: {self.what}", self.path, self.after, self.before)

    def apply(self) -> None:
        """Do it."""
        if self.after is None:
            self.path.unlink()
        else:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_bytes(self.after)


@dataclasses.dataclass
class Tally:
    """What the rounds came to."""

    rounds: int = 0
    wrong: list[str] = dataclasses.field(default_factory=list)
    refused: int = 0
    killed: int = 0
    linked: int = 0
    unchanged: int = 0

    def __str__(self) -> str:
        share = 100 * self.unchanged / max(1, self.linked)
        return (
            f"{self.rounds} rounds: {len(self.wrong)} wrong, {self.refused} refused by both, {self.killed} killed;"
            f" {self.linked} modules linked, {self.unchanged} ({share:.1f} %) to the bytes that they had"
        )


class World:
    """A kernel tree to edit, a checkout that is built again and again, and another that is built from nothing."""

    def __init__(self, directory: Path, dice: random.Random, modules: Sequence[str]) -> None:
        self.dice = dice
        self.tree = copy_of_tree(directory / "tree")
        self.common = next(path for path in self.tree.parent.iterdir() if path.name.endswith("-common"))
        self.kept = Checkout(directory / "kept", modules)
        for name in ("c_one", "c_two"):
            write_c_module(self.kept.path / "modules" / name, name)
        self.clean = Checkout(directory / "clean", modules)
        self.done: list[Edit] = []
        self.serial = 0
        self.said: dict[str, str] = {}

    def edit(self) -> Edit:
        """A random edit, or one of the last that is undone."""
        recent = [edit for edit in self.done[-12:] if current(edit.path) == edit.after]
        if recent and self.dice.random() < 0.25:
            return self.dice.choice(recent).undone()
        while True:
            made = self.dice.choice(MAKERS)(self)
            if made and made.before != made.after:
                return made

    def number(self) -> int:
        """A number that no other edit has."""
        self.serial += 1
        return self.serial

    def build(self, checkout: Checkout) -> bool:
        """Whether the build ends well; what it said is in `said`, by checkout."""
        done = checkout.scons(f"KDIR={self.tree}", check=False)
        self.said[checkout.path.name] = (done.stdout + done.stderr)[-3000:]
        return done.returncode == 0

    def rebuilt(self) -> bool:
        """Build what the checkout holds from nothing, in the other directory."""
        for name in MIRRORED:
            shutil.rmtree(self.clean.path / name, ignore_errors=True)
            shutil.copytree(self.kept.path / name, self.clean.path / name)
        shutil.rmtree(self.clean.path / "build", ignore_errors=True)
        return self.build(self.clean)


def write_c_module(directory: Path, name: str) -> None:
    """A module of C with a header of its own."""
    directory.mkdir(parents=True)
    (directory / "module.toml").write_text(f'[module]\nname = "{name}"\n[c]\nsources = ["{name}.c"]\n')
    (directory / f"{name}.c").write_text(C_SOURCE.format(name=name))
    (directory / "own.h").write_text("#define OWN 1\n")


def current(path: Path) -> bytes | None:
    """A file's content, or None where there is none."""
    return path.read_bytes() if path.is_file() else None


def replaced(what: str, path: Path, change: Callable[[str], str]) -> Edit | None:
    """An edit of a file that is there."""
    before = current(path)
    if before is None:
        return None
    return Edit(f"{what}: {path.name}", path, before, change(before.decode()).encode())


def at_a_line(world: World, text: str, line: str, pattern: str = r"(?m)^$") -> str:
    """The text with a line put in at a random place that the pattern finds."""
    places = [match.start() for match in re.finditer(pattern, text)]
    at = world.dice.choice(places) if places else len(text)
    return f"{text[:at]}{line}\n{text[at:]}"


# Headers that the crates and the C modules reach, and what is edited in them.
HEADERS = (
    "fs.h",
    "list.h",
    "rbtree.h",
    "sched.h",
    "slab.h",
    "mutex.h",
    "miscdevice.h",
    "mm_types.h",
    "wait.h",
    "module.h",
)


def before_the_end(text: str, code: str) -> str:
    """A header's text with code put in before the end of what is included once."""
    at = text.rindex("#endif")
    return f"{text[:at]}{code}\n{text[at:]}"


def header(world: World) -> Path:
    return world.common / "include/linux" / world.dice.choice(HEADERS)


def header_comment(world: World) -> Edit | None:
    if world.dice.random() < 0.5:
        return replaced("comment line in a header", header(world), lambda text: f"/* {world.number()} */\n{text}")
    return replaced("comment in a header", header(world), lambda text: f"{text.rstrip()} /* {world.number()} */\n")


def header_declaration(world: World) -> Edit | None:
    n = world.number()
    line = world.dice.choice(
        [
            f"#define ORACLE_{n} {n}",
            f"int oracle_{n}(int);",
            f"struct oracle_{n} {{ int a; }};",
            f"enum {{ ORACLE_E{n} }};",
        ]
    )
    return replaced("declaration that nobody reaches", header(world), lambda text: before_the_end(text, line))


def header_field(world: World) -> Edit | None:
    name, struct = world.dice.choice(
        [
            ("fs.h", "file_operations"),
            ("fs.h", "inode"),
            ("miscdevice.h", "miscdevice"),
            ("wait.h", "wait_queue_entry"),
            ("module.h", "module"),
            ("sched.h", "task_struct"),
            ("fs.h", "super_block"),
            ("fs.h", "kiocb"),
        ]
    )
    field = f"\tlong oracle_{world.number()};\n"
    path = world.common / "include/linux" / name
    return replaced(
        f"field in struct {struct}",
        path,
        lambda text: re.sub(rf"(struct {struct} \{{\n)", rf"\g<1>{field}", text, count=1),
    )


def header_constant(world: World) -> Edit | None:
    name, macro = world.dice.choice(
        [("fs.h", "FMODE_NONOTIFY"), ("miscdevice.h", "MISC_DYNAMIC_MINOR"), ("sched.h", "TASK_INTERRUPTIBLE")]
    )
    value = world.dice.choice(["1", "255", "254", "0x00000001"])
    path = world.common / "include/linux" / name
    return replaced(
        f"value of {macro}",
        path,
        lambda text: re.sub(rf"(?m)^(#define {macro}\s+).*$", rf"\g<1>{value}", text, count=1),
    )


def header_inline(world: World) -> Edit | None:
    path = world.common / "include/linux/list.h"
    body = f"\tWRITE_ONCE(list->next, list); /* {world.number()} */ barrier();"
    return replaced(
        "body of an inline function",
        path,
        lambda text: re.sub(r"\tWRITE_ONCE\(list->next, list\);.*", body, text, count=1),
    )


def header_of_modpost(world: World) -> Edit | None:
    path = world.common / "include/linux/export-internal.h"
    align = world.dice.choice([4, 8, 16])
    return replaced(
        "a macro of what modpost writes", path, lambda text: re.sub(r"\.balign \d+", f".balign {align}", text)
    )


def header_shadow(world: World) -> Edit | None:
    name = world.dice.choice(HEADERS)
    original = world.common / "include/linux" / name
    path = world.common / "arch/x86/include/linux" / name
    before = current(path)
    if before is not None:
        return Edit(f"no more shadow of {name}", path, before, None)
    extra = world.dice.choice(["", f"\n#define ORACLE_SHADOW_{world.number()} 1\n"])
    text = original.read_text().replace("#define MISC_DYNAMIC_MINOR\t255", "#define MISC_DYNAMIC_MINOR\t254")
    return Edit(f"shadow of {name}", path, None, (text + extra).encode())


def rust_sources(world: World) -> list[Path]:
    return sorted(path for part in ("kernel", "modules") for path in (world.kept.path / part).rglob("*.rs"))


def rust_comment(world: World) -> Edit | None:
    path = world.dice.choice(rust_sources(world))
    n = world.number()
    if world.dice.random() < 0.5:
        return replaced("comment in a source", path, lambda text: f"{text.rstrip()} // {n}\n")
    return replaced(
        "comment line in a source",
        path,
        lambda text: at_a_line(world, text, f"// {n}", r"(?m)^(?=use |mod |pub mod )"),
    )


def wrapper_function(world: World) -> Edit | None:
    path = world.dice.choice(sorted((world.kept.path / "kernel").glob("*.rs")))
    n = world.number()
    code = f"/// Oracle.\npub fn oracle_{n}(x: u32) -> u32 {{\n    x.rotate_left({n % 32})\n}}\n"
    return replaced("new function of a wrapper", path, lambda text: f"{text}\n{code}")


def wrapper_body(world: World) -> Edit | None:
    path = (
        world.kept.path
        / "kernel"
        / world.dice.choice(["rbtree.rs", "miscdev.rs", "sync/mutex.rs", "print.rs", "chrdev.rs"])
    )
    n = world.number()
    line = f"        core::hint::black_box({n}_u32);"
    return replaced(
        "body of a wrapper's function",
        path,
        lambda text: at_a_line(world, text, line, r"(?m)(?<=-> Self \{\n)|(?<=-> Result \{\n)"),
    )


def helper_body(world: World) -> Edit | None:
    path = world.dice.choice(sorted((world.kept.path / "rust/helpers").glob("*.c")))
    n = world.number()
    code = world.dice.choice(
        [
            f"/* {n} */",
            f'\tasm volatile("# {n}");',
            f"\tbarrier(); barrier(); (void){n};",
            '\tasm volatile("nop; nop; .byte 0x90");',
        ]
    )
    return replaced("body of a helper", path, lambda text: at_a_line(world, text, code, r"(?m)^(?=\t)"))


def module_source(world: World) -> Edit | None:
    directory = world.dice.choice(sorted((world.kept.path / "modules").iterdir()))
    sources = sorted(path for path in directory.iterdir() if path.suffix in (".rs", ".c", ".h"))
    if not sources:
        return None
    n = world.number()
    path = world.dice.choice(sources)
    if path.suffix == ".h":
        return replaced("value in a module's header", path, lambda text: re.sub(r"OWN \d+", f"OWN {n}", text))
    return replaced("text in a module", path, lambda text: re.sub(r'\\n"', rf' {n}\\n"', text, count=1))


def new_module(world: World) -> Edit | None:
    name = f"oracle_{world.number()}"
    directory = world.kept.path / "modules" / name
    if world.dice.random() < 0.5:
        write_c_module(directory, name)
    else:
        text = (world.kept.path / "modules/rust_kvm/rust_kvm.rs").read_text()
        directory.mkdir()
        (directory / f"{name}.rs").write_text(text.replace('b"rust_kvm"', f'b"{name}"'))
    manifest = directory / "module.toml"
    text = manifest.read_bytes() if manifest.exists() else f'[module]\nname = "{name}"\n'.encode()
    manifest.unlink(missing_ok=True)
    return Edit(f"new module {name}", manifest, None, text)


def no_more_module(world: World) -> Edit | None:
    manifests = sorted((world.kept.path / "modules").glob("*/module.toml"))
    if len(manifests) < 6:
        return None
    path = world.dice.choice(manifests)
    return Edit(f"module {path.parent.name} is gone", path, path.read_bytes(), None)


def manifest_headers(world: World) -> Edit | None:
    path = world.kept.path / "modules/rust_minimal/module.toml"
    if "bindings" in (current(path) or b"").decode():
        return replaced("no more headers", path, lambda text: text.split("[bindings]")[0])
    return replaced("headers of a module", path, lambda text: f'{text}[bindings]\nheaders = ["linux/leds.h"]\n')


def configuration(world: World) -> Edit | None:
    path = world.tree / "include/config/auto.conf"
    name = world.dice.choice(["ORACLE", "KVM_ORACLE"])
    line = f"CONFIG_{name}=y\n"
    return replaced(f"CONFIG_{name}", path, lambda text: text.replace(line, "") if line in text else text + line)


def cfg_in_module(world: World) -> Edit | None:
    path = world.kept.path / "modules/rust_kvm/rust_kvm.rs"
    code = "#[cfg(CONFIG_KVM_ORACLE)]\n#[no_mangle]\npub static ORACLE: u32 = 7;\n"
    return replaced("cfg of a module", path, lambda text: text.replace(code, "") if code in text else f"{text}\n{code}")


def symvers(world: World) -> Edit | None:
    path = world.tree / "Module.symvers"
    name = world.dice.choice(
        [
            "misc_register",
            "_printk",
            "module_layout",
            "krealloc_noprof",
            "__mutex_init",
            "vfs_fsync",
            "usb_register_driver",
        ]
    )
    crc = f"0x{world.dice.randrange(1 << 32):08x}"
    return replaced(
        f"CRC of {name}", path, lambda text: re.sub(rf"(?m)^0x[0-9a-f]+\t{name}\t", f"{crc}\t{name}\t", text)
    )


def rivalling_source(world: World) -> Edit | None:
    path = world.kept.path / "modules/rust_list/model/mod.rs"
    before = current(path)
    original = world.kept.path / "modules/rust_list/model.rs"
    return Edit("a second file for one Rust module", path, before, None if before else current(original))


MAKERS: tuple[Callable[[World], Edit | None], ...] = (
    header_comment,
    header_declaration,
    header_field,
    header_constant,
    header_inline,
    header_of_modpost,
    header_shadow,
    rust_comment,
    rust_comment,
    wrapper_function,
    wrapper_body,
    helper_body,
    module_source,
    module_source,
    new_module,
    no_more_module,
    manifest_headers,
    configuration,
    cfg_in_module,
    symvers,
    rivalling_source,
)


def kill_a_build(world: World) -> None:
    """Start a build and kill it, with or without the tools that it started."""
    build = world.kept.start(f"KDIR={world.tree}")
    time.sleep(world.dice.uniform(0.2, 4.0))
    with suppress(ProcessLookupError):
        (os.killpg if world.dice.random() < 0.5 else os.kill)(build.pid, signal.SIGKILL)
    build.wait()


def linked(checkout: Checkout) -> Iterator[str]:
    """The modules that the last build linked."""
    for entry in json.loads((checkout.target / "last-run.json").read_text()):
        if entry["step"] == "LD [M]":
            yield entry["unit"]


def one_round(world: World, tally: Tally, pool: ThreadPoolExecutor, say: Callable[[str], None]) -> None:
    """Edit, build both ways, compare."""
    edit = world.edit()
    edit.apply()
    tally.rounds += 1
    before = world.kept.modules()
    reference = pool.submit(world.rebuilt)
    if world.dice.random() < 0.1:
        kill_a_build(world)
        tally.killed += 1
    built = world.build(world.kept)
    again = reference.result()
    after, wanted = world.kept.modules(), world.clean.modules()
    made = list(linked(world.kept)) if built else []
    tally.linked += len(made)
    tally.unchanged += sum(before.get(name) == after[name] for name in made)
    say(f"{tally.rounds}: {edit.what}: {len(made)} linked")
    if built != again:
        said = world.said["kept" if again else "clean"]
        tally.wrong.append(f"round {tally.rounds}: {edit.what}: built {built}, from nothing {again}\n{said}")
    elif not built:
        tally.refused += 1
    elif wrong := [name for name in wanted if after.get(name) != wanted[name]]:
        tally.wrong.append(f"round {tally.rounds}: {edit.what}: {', '.join(wrong)}")
    if not again:
        edit.undone().apply()
        world.build(world.kept)
    else:
        world.done.append(edit)


def run(
    rounds: int, seed: int, directory: Path, say: Callable[[str], None] = print, modules: Sequence[str] = MODULES
) -> Tally:
    """That many rounds, all decided by the seed but for the moments at which builds are killed."""
    world = World(directory, random.Random(seed), modules)
    assert world.build(world.kept), "the first build fails"
    tally = Tally()
    with ThreadPoolExecutor(max_workers=1) as pool:
        for _ in range(rounds):
            known = len(tally.wrong)
            one_round(world, tally, pool, say)
            for wrong in tally.wrong[known:]:
                say(f"WRONG {wrong}")
            if tally.rounds % SAID == 0:
                say(str(tally))
    return tally


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="oracle-") as directory:
        tally = run(arguments.rounds, arguments.seed, Path(directory), lambda line: print(line, flush=True))
    print(tally, *tally.wrong, sep="\n")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
