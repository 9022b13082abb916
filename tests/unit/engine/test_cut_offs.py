# SPDX-License-Identifier: MIT
"""Why some of the rules for cut-offs are safe. The others name tests elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from miniature import write

from scons_kmod.base.programs import find_program
from scons_kmod.engine.cut_offs import CUT_OFFS, CutOff
from scons_kmod.engine.strace import MISSING, OPENED, accesses, strace_args

RUSTC = ("rustc", "--edition=2021", "--crate-type=rlib", "-Cpanic=abort", "-Copt-level=2")
PROJECT = Path(__file__).parents[3]
SUPPORT = "#![no_std]\n#[macro_export]\nmacro_rules! twice { ($e:expr) => { $crate::add($e, $e) } }\n"
SOURCE = '#![no_std]\n#[no_mangle]\npub extern "C" fn four() -> u32 { a::twice!(2) }\n'


@pytest.mark.parametrize("rule", CUT_OFFS, ids=lambda rule: rule.paths)
def test_the_test_of_a_rule_exists(rule: CutOff) -> None:
    file, _, function = rule.test.partition("::")
    assert re.search(rf"^def {function}\(", (PROJECT / file).read_text(), re.MULTILINE)


def run(*argv: str | Path, cwd: Path) -> None:
    subprocess.run(argv, cwd=cwd, check=True)


def missing(argv: Sequence[str | Path], cwd: Path) -> set[str]:
    """What a command looks for in vain."""
    output = cwd / "strace"
    run(*strace_args(find_program("strace"), str(output)), *argv, cwd=cwd)
    return {path for kind, path in accesses(output.read_text(errors="surrogateescape"), str(cwd)) if kind == MISSING}


def test_bytecode_of_an_older_source_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "part.py", "VALUE = 1\n")
    argv = (sys.executable, "-c", "import part; print(part.VALUE)")
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    before = subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert [*(tmp_path / "__pycache__").glob("part.*.pyc")]
    write(tmp_path / "part.py", "VALUE = 22\n")
    after = subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert (before, after) == ("1\n", "22\n")


def compile_support(directory: Path, text: str, name: str = "a") -> Path:
    """Compile a crate that others use, to metadata."""
    directory.mkdir(exist_ok=True)
    metadata = directory / f"lib{name}.rmeta"
    source = write(directory / f"{name}.rs", text)
    run(*RUSTC, f"--crate-name={name}", f"--emit=metadata={metadata},obj={name}.o", source, cwd=directory)
    return metadata


def compile_user(work: Path, directory: Path, metadata: Path) -> bytes:
    source = write(work / "user.rs", SOURCE)
    run(*RUSTC, f"-Ldependency={directory}", f"--extern=a={metadata}", "--emit=obj=user.o", source, cwd=work)
    return (work / "user.o").read_bytes()


def test_rustc_takes_no_crate_that_its_users_do_not_name(tmp_path: Path) -> None:
    base = compile_support(
        tmp_path / "crates", "#![no_std]\npub const fn add(a: u32, b: u32) -> u32 { a + b }\n", "base"
    )
    text = SUPPORT + "pub use base::add;\n"
    source = write(tmp_path / "crates/a.rs", text)
    metadata = tmp_path / "crates/liba.rmeta"
    args = ("--crate-name=a", f"--extern=base={base}", f"--emit=metadata={metadata},obj=a.o")
    run(*RUSTC, *args, source, cwd=tmp_path)
    before = compile_user(tmp_path, tmp_path / "crates", metadata)
    # Beside the crate that `a` was compiled against: another of the same name, and others of names that are looked for.
    other = compile_support(
        tmp_path / "other", "#![no_std]\npub const fn add(a: u32, b: u32) -> u32 { a * b + 1 }\n", "base"
    )
    other.rename(tmp_path / "crates/libbase-other.rmeta")
    for name in ("libcore.rmeta", "libbase-0.rlib", "libbase.so"):
        (tmp_path / "crates" / name).write_bytes(b"no crate")
    assert compile_user(tmp_path, tmp_path / "crates", metadata) == before


def test_rustc_quotes_the_source_of_another_crate_in_messages_alone(tmp_path: Path) -> None:
    text = SUPPORT + "pub const fn add(a: u32, b: u32) -> u32 { a + b }\n"
    metadata = compile_support(tmp_path / "crates", text)
    before = compile_user(tmp_path, tmp_path / "crates", metadata)
    for changed in (text.replace("a + b", "a * b"), "no Rust", None):
        if changed is None:
            (tmp_path / "crates/a.rs").unlink()
        else:
            write(tmp_path / "crates/a.rs", changed)
        assert compile_user(tmp_path, tmp_path / "crates", metadata) == before


def test_libraries_beside_the_linker_change_nothing(tmp_path: Path) -> None:
    """For a generator in C and for a proc macro, as the build links them."""
    c = write(tmp_path / "a.c", "#include <math.h>\nint main(int n, char **v) { return (int)sqrt(n); }\n")
    macro = write(tmp_path / "m.rs", "extern crate proc_macro;\n")
    commands = {
        "program": ("gcc", "-static", "-O2", "-o", "program", c, "-lm"),
        "libm.so": ("rustc", "--crate-type=proc-macro", "--crate-name=m", "-o", "libm.so", macro),
    }
    for output, argv in commands.items():
        work = tmp_path / f"work-{output}"
        work.mkdir()
        beside = {Path(path) for path in missing(argv, work) if Path(path).parent == work}
        # The file rust-toolchain is for rustup, which is no compiler.
        looked_for = {path for path in beside if path.name != output and not path.name.startswith("rust-toolchain")}
        assert looked_for
        before = (work / output).read_bytes()
        for path in looked_for:
            path.write_bytes(b"no library")
            # It is an error, or it makes no difference.
            status = subprocess.run(argv, cwd=work, check=False, capture_output=True).returncode
            assert status or (work / output).read_bytes() == before
            path.unlink()


def test_clang_takes_no_headers_of_its_own(tmp_path: Path) -> None:
    """With the kernel's flags, no file is read below the directories in which clang has headers and libraries."""
    import clang.cindex

    library = Path(clang.cindex.__file__).parent / "native/libclang.so"
    code = (
        "import sys; from clang import cindex; cindex.Config.set_library_file(sys.argv[1]);"
        "unit = cindex.Index.create().parse('a.c', ['-nostdinc', '-Iinclude']); assert not [*unit.diagnostics]"
    )
    write(tmp_path / "a.c", "#include <stdbool.h>\nbool b;\n")
    write(tmp_path / "include/stdbool.h", "#define bool _Bool\n")
    for name in ("lib/clang/15.0.6/include", "lib/clang/21/include"):
        write(tmp_path / name / "stdbool.h", "#error\n")
    output = tmp_path / "strace"
    run(*strace_args(find_program("strace"), str(output)), sys.executable, "-c", code, library, cwd=tmp_path)
    found = [*accesses(output.read_text(errors="surrogateescape"), str(tmp_path))]
    headers = [path for kind, path in found if kind == OPENED and path.endswith("stdbool.h")]
    assert headers == [str(tmp_path / "include/stdbool.h")]


def test_settings_of_a_terminal_change_nothing(tmp_path: Path) -> None:
    argv = (sys.executable, "-I", "-c", "import readline; print(sorted(['b', 'a']))")
    environments = [{"HOME": str(tmp_path / name)} for name in ("none", "home")]
    write(tmp_path / "home/.inputrc", "set editing-mode vi\n")
    (tmp_path / "home/.terminfo").mkdir()
    printed = [subprocess.run(argv, env=env, check=True, capture_output=True).stdout for env in environments]
    assert printed[0] == printed[1] == b"['a', 'b']\n"
