# SPDX-License-Identifier: MIT
"""C beside Rust, and modules that depend on each other: what runs after each kind of edit, and what is an error.

The edits add up, so a clean build after the last of them is the reference for all.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from checkout import Checkout, unpacked_headers

DRIVER, EXPORTS, USERS = "rust_driver", ("export_c", "rust_export"), ("rust_uses_c", "c_uses_rust")
C_FILES = {path.stem for path in Path(__file__).parents[2].glob(f"modules/{DRIVER}/src/*.c")}
COMPILED = {("CC [M]", f"{DRIVER}/{name}.o") for name in C_FILES}
ASSEMBLED = {("AS [M]", f"{DRIVER}/fold.o")}


def linked(name: str, *also: tuple[str, str]) -> set[tuple[str, str]]:
    """What runs if a module's C objects are others, and not what modpost says of them."""
    return {("SYMVER", name), ("LD", f"{name}.o"), ("MODPOST", f"{name}.ko"), ("LD [M]", f"{name}.ko"), *also}


class Built:
    """A checkout with the modules, built."""

    def __init__(self, directory: Path) -> None:
        self.checkout = Checkout(directory / "kept", (DRIVER, *EXPORTS, *USERS))
        self.checkout.scons()
        self.known = self.checkout.modules()

    def edit(self, name: str, *pairs: tuple[str, str]) -> None:
        """Replace pieces of a file's text, of a module's directory."""
        path = self.checkout.path / "modules" / name
        text = path.read_text()
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new, 1)
        path.write_text(text)

    def build(self) -> tuple[set[tuple[str, str]], set[str]]:
        """Build; what ran but for OBJTOOL, and the modules that are others than before."""
        self.checkout.scons()
        before, self.known = self.known, self.checkout.modules()
        ran = {(step, unit) for step, unit in self.checkout.ran() if step != "OBJTOOL"}
        changed = {name for name, digest in self.known.items() if before.get(name) != digest}
        assert {unit for step, unit in ran if step == "LD [M]"} <= changed, "none is linked to the bytes that it had"
        return ran, {name.removesuffix(".ko") for name in changed}

    def after(self, name: str, *pairs: tuple[str, str]) -> tuple[set[tuple[str, str]], set[str]]:
        """What a build does after an edit."""
        self.edit(name, *pairs)
        return self.build()

    def complaint(self, name: str, *pairs: tuple[str, str]) -> str:
        """What a build says of an edit, which is undone."""
        path = self.checkout.path / "modules" / name
        text = path.read_text()
        self.edit(name, *pairs)
        done = self.checkout.scons(check=False)
        path.write_text(text)
        assert done.returncode == 2, done.stdout
        assert "Traceback" not in done.stderr
        return done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    directory = tmp_path_factory.mktemp("mixed")
    yield Built(directory)
    shutil.rmtree(directory)


def test_nothing_is_done_twice(built: Built) -> None:
    assert built.build() == (set(), set())


def test_a_comment_in_a_header_of_the_modules_own_runs_nothing(built: Built) -> None:
    assert built.after(f"{DRIVER}/include/driver.h", ("u32 first, used;", "u32 first, used; /* here */")) == (
        set(),
        set(),
    )


def test_lines_that_move_in_it_compile_the_c_code_that_may_see_them(built: Built) -> None:
    edit = ("struct ring {", "/* A comment of its own. */\nstruct ring {")
    assert built.after(f"{DRIVER}/include/driver.h", edit) == (COMPILED, set())


def test_a_macro_in_it_compiles_all_and_links_once(built: Built) -> None:
    edit = ("(2 * MESSAGE_BYTES)", "(3 * MESSAGE_BYTES)")
    assert built.after(f"{DRIVER}/include/driver.h", edit) == (COMPILED | linked(DRIVER), {DRIVER})


def test_so_does_the_body_of_an_inline_function(built: Built) -> None:
    edit = ("sizeof(struct frame) + packed", "sizeof(struct frame) + packed + 1")
    assert built.after(f"{DRIVER}/include/driver.h", edit) == (COMPILED | linked(DRIVER), {DRIVER})


def test_an_edit_of_a_c_file_compiles_only_that_file(built: Built) -> None:
    ran, changed = built.after(f"{DRIVER}/src/stats.c", ("100ULL", "1000ULL"))
    assert (ran, changed) == (linked(DRIVER, ("CC [M]", f"{DRIVER}/stats.o")), {DRIVER})


def test_an_edit_of_assembly_assembles_only_that_file(built: Built) -> None:
    assert built.after(f"{DRIVER}/src/fold.S", ("$5", "$7")) == (linked(DRIVER, *ASSEMBLED), {DRIVER})


def test_an_edit_of_a_crate_compiles_no_c(built: Built) -> None:
    ran, changed = built.after(f"{DRIVER}/policy/lib.rs", ('"refuse"', '"say no"'))
    compiled = (("RUSTC", f"{DRIVER}/policy.o"), ("RUSTC", f"{DRIVER}.o"))
    assert (ran, changed) == (linked(DRIVER, *compiled) - {("SYMVER", DRIVER)}, {DRIVER})


def test_a_flag_of_a_file_compiles_only_that_file(built: Built) -> None:
    ran, changed = built.after(f"{DRIVER}/module.toml", ('"-O3"', '"-O1"'))
    assert (ran, changed) == (linked(DRIVER, ("CC [M]", f"{DRIVER}/crc.o")), {DRIVER})


def test_a_define_compiles_all(built: Built) -> None:
    ran, changed = built.after(f"{DRIVER}/module.toml", ("rust_driver queue", "the queue"))
    assert (ran, changed) == (COMPILED | ASSEMBLED | linked(DRIVER), {DRIVER})


def test_a_define_that_nothing_uses_links_nothing(built: Built) -> None:
    ran, changed = built.after(f"{DRIVER}/module.toml", ("QUEUE_BYTES=1024", 'QUEUE_BYTES=1024", "UNUSED'))
    assert (ran, changed) == (COMPILED | ASSEMBLED | {("SYMVER", DRIVER)}, set())


def test_a_file_that_a_pattern_matches_comes_and_goes(built: Built) -> None:
    before = built.known
    path = built.checkout.path / f"modules/{DRIVER}/src/more.c"
    path.write_text("int more(void);\nint more(void)\n{\n\treturn 1;\n}\n")
    assert built.build() == (linked(DRIVER, ("CC [M]", f"{DRIVER}/more.o")), {DRIVER})
    path.unlink()
    assert built.build() == (set(), {DRIVER}), "the module of before is brought back"
    assert built.known == before


def test_what_counts_for_other_kernels_runs_nothing(built: Built) -> None:
    text = "[requires]", "[when.'kernel < 6.12'.c]\ndefines = ['OLD']\n\n[requires]"
    assert built.after(f"{DRIVER}/module.toml", text) == (set(), set())


def test_what_counts_for_this_kernel_does(built: Built) -> None:
    text = (
        "'kernel < 6.12'.c]\n",
        "'CONFIG_SMP, kernel >= 6.12'.c.files.'src/pack.c']\nflags = ['-O1']\n[when.CONFIG_NO.c]\n",
    )
    ran, changed = built.after(f"{DRIVER}/module.toml", text)
    assert (ran, changed) == (linked(DRIVER, ("CC [M]", f"{DRIVER}/pack.o")), {DRIVER})


def test_the_body_of_an_exported_function_is_nobody_elses_business(built: Built) -> None:
    ran, changed = built.after(
        "export_c/meter.c", ("++meter->count", "meter->count += 1"), ("meter->sum +=", "meter->sum -=")
    )
    known = linked("export_c", ("CC [M]", "export_c/meter.o"), ("CC [M]", "export_c.mod.o"))
    assert (ran, changed) == (known, {"export_c"}), "with a new srcversion, as the module has a version"
    ran, changed = built.after("rust_export/rust_export.rs", ("65521", "65519"))
    known = linked("rust_export", ("RUSTC", "rust_export.o")) - {("SYMVER", "rust_export")}
    assert (ran, changed) == (known, {"rust_export"})


def test_the_prototype_of_an_exported_function_links_its_users(built: Built) -> None:
    for name in ("export_c/include/export_c.h", "export_c/meter.c"):
        built.edit(name, ("u32 meter_mean", "u64 meter_mean"))
    ran, changed = built.build()
    assert changed == {"export_c", "rust_uses_c"}, "the CRC is in both"
    assert {("SYMVER", "export_c"), ("MODPOST", "rust_uses_c.ko"), ("LD [M]", "rust_uses_c.ko")} <= ran
    assert ("RUSTC", "rust_uses_c.o") not in ran
    ran, changed = built.after("rust_export/include/rust_export.h", ("u32 digest_add", "u64 digest_add"))
    assert changed == {"rust_export", "c_uses_rust"}
    assert {("CC [M]", "rust_export/exports.o"), ("CC [M]", "c_uses_rust/c_uses_rust.o")} <= ran
    assert ("RUSTC", "rust_export.o") not in ran


def test_a_comment_beside_a_prototype_links_nothing(built: Built) -> None:
    edit = ("/* Rounded down;", "/* Rounded;")
    assert built.after("export_c/include/export_c.h", edit) == ({("SYMVER", "export_c")}, set()), (
        "srcversion may be another"
    )
    edit = ("/* Adds bytes;", "/* Adds some bytes;")
    assert built.after("rust_export/include/rust_export.h", edit) == (set(), set())


def test_what_only_srcversion_tells_apart_is_linked(built: Built) -> None:
    edit = ("static struct dentry *directory;", "static struct dentry *place;"), ("directory =", "place =")
    more = (", directory,", ", place,"), ("(directory)", "(place)")
    ran, changed = built.after("export_c/debug.c", *edit, *more)
    assert changed == {"export_c"}
    assert {("MODPOST", "export_c.ko"), ("CC [M]", "export_c.mod.o")} <= ran


def test_all_are_what_a_clean_build_makes(built: Built) -> None:
    clean = Checkout(built.checkout.path.parent / "clean", (), copy=False)
    shutil.copytree(built.checkout.path, clean.path, ignore=shutil.ignore_patterns("build"), dirs_exist_ok=True)
    clean.scons()
    assert clean.modules() == built.checkout.modules()


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("rust_driver/policy/lib.rs", "fn policy_name", "fn policy_label", '"policy_name" [*] undefined!'),
        (
            "rust_driver/src/crc.c",
            "u16 crc_of",
            "u32 fold(u32 a, u32 b) { return a; }\nu16 crc_of",
            "multiple definition of `fold'",
        ),
        (
            "rust_driver/src/crc.c",
            "u16 crc_of",
            "#include <linux/module.h>\nstatic int __init x(void) { return 0; }\nmodule_init(x);\nu16 crc_of",
            "the module's entry init_module is given both in C (module_init) and in Rust (module!)",
        ),
        (
            "rust_driver/src/crc.c",
            "u16 crc_of",
            '#include <linux/module.h>\nMODULE_LICENSE("GPL");\nu16 crc_of',
            "the module's license is given both in C (MODULE_LICENSE) and in Rust (module!)",
        ),
        ("rust_uses_c/module.toml", 'modules = ["export_c"]', "", '"meter_add" [*] undefined!'),
        (
            "rust_uses_c/module.toml",
            '"EXPORT_C"',
            '"EXPORT_D"',
            "uses symbol meter_add from namespace EXPORT_C, but does not import it",
        ),
        ("rust_export/module.toml", '"digests"]', '"digests", "gone"]', "undeclared here (not in a function)"),
        ("rust_uses_c/module.toml", '"export_c"', '"export_d"', "there is no module 'export_d'"),
        (
            "export_c/module.toml",
            "[exports]",
            "[depends]\nmodules = ['rust_uses_c']\n\n[exports]",
            "depend on each other",
        ),
    ],
)
def test_what_does_not_fit_together_is_an_error(built: Built, name: str, old: str, new: str, expected: str) -> None:
    assert has_line(expected, built.complaint(name, (old, new)))


def test_a_symbol_that_is_declared_but_not_defined_is_an_error(built: Built) -> None:
    with built.checkout.edited(
        "modules/rust_export/include/rust_export.h", "extern atomic_t", "extern int gone; extern atomic_t"
    ):
        said = built.complaint("rust_export/module.toml", ('"digests"]', '"digests", "gone"]'))
    assert has_line('"gone" [*] was exported without definition', said)


def has_line(expected: str, said: str) -> bool:
    """Whether there is a line with this in it, whatever stands for `*`."""
    before, _, after = expected.partition("*")
    return any(before in line and after in line for line in said.splitlines())


def test_a_module_brings_what_it_needs(built: Built, tmp_path: Path) -> None:
    checkout = built.checkout
    checkout.scons()
    for name in ("export_c", "rust_uses_c"):
        (checkout.target / f"modules/{name}/{name}.ko").unlink()
    checkout.scons("rust_uses_c")
    assert {"export_c.ko", "rust_uses_c.ko"} <= checkout.modules().keys()
    checkout.scons("install", "MODULE=rust_uses_c", f"DESTDIR={tmp_path}")
    assert {path.name for path in tmp_path.rglob("*.ko.xz")} == {"export_c.ko.xz", "rust_uses_c.ko.xz"}
    (order,) = tmp_path.rglob("modules.dep")
    assert "updates/rust_uses_c.ko.xz: updates/export_c.ko.xz" in order.read_text()
    checkout.scons("uninstall", "MODULE=rust_uses_c", f"DESTDIR={tmp_path}")
    assert {path.name for path in tmp_path.rglob("*.ko.xz")} == {"export_c.ko.xz"}, "others may use it"
    said = checkout.scons("MODULES=modules/rust_uses_c", check=False).stderr
    assert "there is no module 'export_c', which it depends on\n    name its directory with MODULES= too" in said
    assert "rust_uses_c" in checkout.scons("why", "MODULE=rust_uses_c").stdout


def test_kbuild_makes_the_same_module_of_c_with_the_same_crcs(built: Built, tmp_path: Path) -> None:
    shutil.copytree(built.checkout.path / "modules/export_c", tmp_path / "m")
    (tmp_path / "m/Kbuild").write_text(
        "obj-m := export_c.o\nexport_c-y := main.o meter.o debug.o\n"
        "ccflags-y := -I$(src)/include -DMETER_NAMESPACE=EXPORT_C\n"
    )
    tree = unpacked_headers().kernel_tree
    args = ("KCFLAGS=-g0", "CONFIG_DEBUG_INFO_BTF_MODULES=")
    subprocess.run(["make", "-C", tree, f"M={tmp_path}/m", *args, "modules"], check=True, capture_output=True)
    built.checkout.scons()
    built_module = built.checkout.target / "modules/export_c"
    assert crcs(built_module / "link/Module.symvers") == crcs(tmp_path / "m/Module.symvers")
    assert (built_module / "export_c.ko").read_bytes() == (tmp_path / "m/export_c.ko").read_bytes()


def test_users_have_the_crcs_of_what_they_use(built: Built) -> None:
    built.checkout.scons()
    modules = built.checkout.target / "modules"
    for user, export in zip(USERS, ("export_c", "rust_export"), strict=True):
        exported = crcs(modules / f"{export}/link/Module.symvers")
        assert len(exported) >= 2
        assert all(int(crc, 16) for crc in exported.values()), "the kernel has CONFIG_MODVERSIONS"
        used = subprocess.run(
            ["/sbin/modprobe", "--dump-modversions", modules / f"{user}/{user}.ko"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        imported = {name: crc for crc, name in (line.split() for line in used.splitlines())}
        assert {name: imported[name] for name in exported} == exported


def crcs(symvers: Path) -> dict[str, str]:
    """The CRC of each symbol in a Module.symvers."""
    return {line.split("\t")[1]: line.split("\t")[0] for line in symvers.read_text().splitlines()}
