# SPDX-License-Identifier: MIT
"""The kernel's own modules, unchanged: its samples on a kernel that has its crates in it, some on one that has not."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from checkout import PROJECT, OwnProject
from scons_kmod.base.directories import cache_directory
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.kernel_packages.download import fetch_packages
from scons_kmod.distro.target_file import read_target

# Those of samples/rust in 7.2 that Debian's configuration allows: it has neither USB nor SoC abstractions.
SAMPLES = (
    *("rust_configfs", "rust_debugfs", "rust_debugfs_scoped", "rust_dma", "rust_driver_auxiliary", "rust_driver_faux"),
    *("rust_driver_i2c", "rust_driver_pci", "rust_driver_platform", "rust_i2c_client", "rust_minimal"),
    "rust_misc_device",
)
MANIFEST = '[module]\nname = "{name}"\napi = "mainline"\n'
OF_C_TOO = 'root = "rust_print_main.rs"\n[c]\nsources = ["rust_print_events.c"]\n'
# The module says what it should, in the kernel's log, and taints the kernel as any module that is not the kernel's own
# and has no signature, and in no other way (Documentation/admin-guide/tainted-kernels.rst: 4096 + 8192).
SCRIPT = """set -eu
insmod /modules/{name}.ko
{while_loaded}
rmmod {name}
while read -r line; do
	dmesg | grep -qF "$line" || {{ echo "not in the log: $line" >&2; exit 1; }}
done <<'EOF'
{said}
EOF
[ "$(cat /proc/sys/kernel/tainted)" = 12288 ] || {{ echo "taint $(cat /proc/sys/kernel/tainted)" >&2; exit 1; }}
"""
SAID = {
    "rust_minimal": "rust_minimal: My numbers are [72, 108, 200]\nrust_minimal: Rust minimal sample (exit)",
    "rust_print": (
        "rust_print: Emergency message (level 0) without args\nrust_print: A line that is continued with args\n"
        'rust_print: [modules/rust_print/rust_print.rs:35:5] c = "hello, world"\nrust_print: "hello, world"'
    ),
    "rnull": "rnull_mod: Rust null_blk loaded",
}
WHILE_LOADED = {
    "rnull": "dd if=/dev/zero of=/dev/rnullb0 bs=4096 count=16\ndd if=/dev/rnullb0 of=/dev/null bs=4096 count=16",
}


def sources_of(name: str) -> Path:
    """The kernel's sources of a target, as far as they are unpacked. Needs its headers in the cache."""
    target = read_target(PROJECT / f"targets/{name}.toml")
    fetch_packages(target, cache_directory(), RunLog(name))
    return fetch_packages(target, cache_directory(), RunLog(name), "source").sources


def test_samples_load_into_a_kernel_with_rust(tmp_path: Path) -> None:
    samples = sources_of("debian-7.2") / "samples/rust"
    project = OwnProject(tmp_path)
    for name in SAMPLES:
        project.module(name, {f"{name}.rs": samples / f"{name}.rs"}, MANIFEST.format(name=name))
    parts = ("rust_print_main.rs", "rust_print_events.c")
    project.module(
        "rust_print", {part: samples / part for part in parts}, MANIFEST.format(name="rust_print") + OF_C_TOO
    )
    project.scons("TARGET=debian-7.2")
    results = project.vm_tests("TARGET=debian-7.2")
    assert len(results) == len(SAMPLES) + 1
    assert not any(results.values()), results


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> OwnProject:
    """Modules of 6.12 that bring their crates, built for a kernel that has none in it."""
    sources = sources_of("debian-6.12-trixie")
    paths = {
        "rust_minimal": "samples/rust/rust_minimal.rs",
        "rust_print": "samples/rust/rust_print.rs",
        "rnull": "drivers/block/rnull.rs",
        "ax88796b_rust": "drivers/net/phy/ax88796b_rust.rs",
    }
    project = OwnProject(tmp_path_factory.mktemp("carried"))
    for name, path in paths.items():
        files: dict[str, str | Path] = {f"{name}.rs": sources / path}
        if name in SAID:
            files["test.sh"] = SCRIPT.format(name=name, said=SAID[name], while_loaded=WHILE_LOADED.get(name, ""))
        project.module(name, files, MANIFEST.format(name=name))
    done = project.scons("TARGET=debian-6.12-trixie")
    assert not re.search("warning", done.stdout + done.stderr, re.IGNORECASE)
    return project


def test_modules_load_into_a_kernel_without_rust(carried: OwnProject) -> None:
    results = carried.vm_tests("TARGET=debian-6.12-trixie")
    assert len(results) == len(SAID) + 1
    assert not any(results.values()), results


def test_a_module_that_brings_its_crates_is_small(carried: OwnProject) -> None:
    assert (carried.target / "modules/rust_minimal/rust_minimal.ko").stat().st_size <= 64_000


def test_each_import_has_the_crc_of_the_kernel(carried: OwnProject) -> None:
    for path in sorted((carried.target / "modules").glob("*/*.ko")):
        with path.open("rb") as file:
            symbols = ELFFile(file).get_section_by_name(".symtab").iter_symbols()
            imported = {symbol.name for symbol in symbols if symbol["st_shndx"] == "SHN_UNDEF" and symbol.name}
        dump = subprocess.run(
            ["/sbin/modprobe", "--dump-modversions", path], capture_output=True, text=True, check=True
        )
        versioned = {line.split()[1] for line in dump.stdout.splitlines()}
        assert imported
        assert imported <= versioned
        assert modinfo(path, "depends") == (["libphy"] if path.stem == "ax88796b_rust" else [])


def test_a_driver_has_its_aliases(carried: OwnProject) -> None:
    driver = carried.target / "modules/ax88796b_rust/ax88796b_rust.ko"
    assert "mdio:0000000000111011000110000100????" in modinfo(driver, "alias")


def modinfo(path: Path, field: str) -> list[str]:
    done = subprocess.run(["/sbin/modinfo", "-F", field, path], capture_output=True, text=True, check=True)
    return done.stdout.split()
