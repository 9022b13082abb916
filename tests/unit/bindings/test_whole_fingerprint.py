# SPDX-License-Identifier: MIT
"""Which edits of headers and sources change the fingerprint of bindings that are written whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bindings.test_fingerprint import HEADER, LIBCLANG, NAMES

from scons_kmod.bindings import whole_fingerprint
from scons_kmod.engine.depfile import read_depfile

Make = Callable[..., dict[str, Any]]
REQUEST: dict[str, Any] = {"functions": "", "names": [], "fingerprints": [], "prefixes": []}


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """The fingerprint for a header's text and the sources' texts."""

    def make_fingerprint(text: str = HEADER, *sources: str, **request: Any) -> dict[str, Any]:
        (tmp_path / "unit.h").write_text(text)
        paths = [tmp_path / f"{number}.rs" for number, _ in enumerate(sources or (NAMES,))]
        for path, source in zip(paths, sources or (NAMES,), strict=True):
            path.write_text(source)
        outputs = {name: str(tmp_path / name) for name in ("fingerprint", "declared", "depfile")}
        unit = {"libclang": LIBCLANG, "header": str(tmp_path / "unit.h"), "flags": ["-std=gnu11", "-w"]}
        whole_fingerprint.write_fingerprint(
            {**REQUEST, **unit, **outputs, "sources": [str(path) for path in paths], **request}
        )
        result: dict[str, Any] = json.loads((tmp_path / "fingerprint").read_text())
        return result

    return make_fingerprint


def declared(directory: Path) -> set[str]:
    return set((directory / "declared").read_text().split())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("#define BASE 4", "#define NEW 3\n#define BASE 4", id="macro"),
        pytest.param("struct unreached {", "extern int x;\nstruct unreached {", id="variable"),
        pytest.param("struct unreached {", "int f(struct file *file);\nstruct unreached {", id="function"),
        pytest.param("struct unreached {", "typedef int number_t;\nstruct unreached {", id="typedef"),
        pytest.param("struct unreached {", "enum { EXTRA };\nstruct unreached {", id="enum without a name"),
        pytest.param("struct unreached {", "enum extra { EXTRA };\nstruct unreached {", id="enum"),
        pytest.param("return a;", "return a + 1;", id="body of a function"),
        pytest.param("struct list {", "/* why\n * not */ struct list {\n", id="comment and lines"),
    ],
)
def test_an_edit_of_what_no_rust_code_reaches_changes_nothing(make: Make, old: str, new: str) -> None:
    assert HEADER.count(old) == 1
    assert make() == make(HEADER.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("struct unreached { int a; };", "struct unreached { int b; };", id="field of an unreached record"),
        pytest.param("struct other { int a; };", "struct other { long a, b; };", id="field behind a pointer"),
        pytest.param("struct unreached {", "struct added;\nstruct unreached {", id="record without content"),
        pytest.param(
            "struct unreached {", "struct { enum { E } e; } x;\nstruct unreached {", id="record of a variable"
        ),
        pytest.param("struct list {", "struct other;\nstruct list {", id="order of records"),
        pytest.param("struct list {", "int f(struct mine *);\nstruct list {", id="record of a parameter list"),
        pytest.param("struct list {", "struct file;\nint f(struct file);\nstruct list {", id="used before its content"),
        pytest.param("#define BASE 4", "#define BASE 5", id="reached macro"),
        pytest.param("GREEN = 5", "GREEN = 6", id="reached enum"),
        pytest.param("int flags);", "long flags);", id="reached function"),
    ],
)
def test_edits_that_change_the_fingerprint(make: Make, old: str, new: str) -> None:
    assert HEADER.count(old) == 1
    assert make() != make(HEADER.replace(old, new))


def test_an_enum_without_a_name_renumbers_the_records_without_a_name_after_it(make: Make) -> None:
    numbered = HEADER.replace("struct unreached {", "struct { int a; } holder;\nstruct unreached {")
    assert make(numbered) != make(numbered.replace("struct {", "enum { EXTRA };\nstruct {"))
    assert make(numbered) == make(numbered + "enum { EXTRA };\n")


def test_a_new_name_in_a_source_is_in_the_fingerprint(make: Make, tmp_path: Path) -> None:
    assert "BASE" not in make(HEADER, "open_file")["declarations"]
    assert "BASE" in declared(tmp_path), "a build must notice it"
    assert {"BASE", "open_file"} <= set(make(HEADER, "open_file", "BASE")["declarations"])


def test_names_that_lose_a_prefix(make: Make, tmp_path: Path) -> None:
    text = f"{HEADER}static const int CONST_HELPER_SIZE = BASE;\n"
    fingerprint = make(text, "LIMIT", prefixes=["CONST_HELPER_"])
    assert "~size" in declared(tmp_path), "a new name in a source may have the prefix in C"
    assert "CONST_HELPER_SIZE" not in fingerprint["declarations"]
    fingerprint = make(text, "SIZE", prefixes=["CONST_HELPER_"])
    assert "CONST_HELPER_SIZE" in fingerprint["declarations"]
    assert fingerprint != make(text.replace("BASE 4", "BASE 5"), "SIZE", prefixes=["CONST_HELPER_"])


def test_names_that_macros_put_together(make: Make, tmp_path: Path) -> None:
    macro = "#[macro_export] macro_rules! f { ($a:ident) => { paste! { bindings::[<open_ $a>]() } } }"
    assert "open_file" not in make(HEADER, macro)["declarations"]
    assert {"~file", "paste"} <= declared(tmp_path)
    assert "open_file" in make(HEADER, macro, "f!(file)")["declarations"]
    assert tmp_path / "0.rs" in {Path(path) for path in read_depfile(tmp_path / "depfile", tmp_path)}
    assert tmp_path / "1.rs" not in {Path(path) for path in read_depfile(tmp_path / "depfile", tmp_path)}


def test_names_in_the_args_of_bindgen_and_in_other_fingerprints(make: Make, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"declarations": {"unreached": "digest"}}))
    fingerprint = make(HEADER, "LOOSE", names=["color"], fingerprints=[str(other)])
    assert set(fingerprint["declarations"]) == {"LOOSE", "color", "unreached"}


def test_functions_alone(make: Make) -> None:
    text = f"{HEADER}int helper_one(struct other *other);\nint helper_two(int a) {{ return a; }}\n"
    fingerprint = make(text, functions="helper_.*")
    assert {"helper_one", "helper_two", "other"} <= set(fingerprint["declarations"])
    assert "open_file" not in fingerprint["declarations"]
    assert fingerprint == make(text.replace("struct unreached { int a; };", ""), functions="helper_.*")
    assert fingerprint == make(text.replace("return a; }\n", "return a + 1; }\n"), functions="helper_.*")
    assert fingerprint != make(f"{text}void helper_new(void);\n", functions="helper_.*")
    assert fingerprint != make(text.replace("helper_two(int", "helper_two(long"), functions="helper_.*")


def test_headers_that_do_not_compile(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "unit.h").write_text("int f(;\n")
    request = {**REQUEST, "libclang": LIBCLANG, "header": str(tmp_path / "unit.h"), "flags": []}
    assert whole_fingerprint.main(request) == 1
    assert "unit.h:1:7: error: expected parameter declarator" in capfd.readouterr().err
