# SPDX-License-Identifier: MIT
"""The plugin as a Debian package, on the distribution's own scons and without a network, and what is made with it.

All in one Debian: the package of support crates, source packages that are built again, DKMS at a kernel's upgrade.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from checkout import PROJECT, Checkout, unpacked_headers
from debian_root import DebianRoot, sources
from long.test_packages_built import MODULE, PACKAGE
from long.test_packages_installed import guest_files, load
from long.test_wheel import SCONSTRUCT
from scons_kmod import RELEASED, __version__
from scons_kmod.base.directories import cache_directory
from scons_kmod.base.run_log import RunLog
from scons_kmod.distro.kernel_packages.download import fetch_packages
from scons_kmod.distro.target_file import read_targets

BUILDING = ("build-essential", "debhelper", "dh-python", "lintian", "reprotest", "disorderfs", "locales-all", "cpio")
# What scons-kmod depends on, recommends and suggests, but for what VMs need.
NEEDED = ("scons", "python3-license-expression", "python3-pyelftools", "python3-toml", "kmod", "libelf1", "binutils")
TOOLS = ("bindgen", "libclang1-15", "rustc-web", "rust-web-src", "gcc-12", "make", "rpm", "xz-utils", "openssl")
# tiny-initramfs stands in for what makes an initramfs for each kernel: nothing boots here.
OTHERS = ("dkms", "tiny-initramfs", "ca-certificates")
NAME, VERSION = "rust-minimal", "1.2~rc1"
LINE = f"{NAME} {VERSION} is not built for Linux "
SOURCE = f"/project/{MODULE}"


def release_of(name: str) -> str:
    """The release of a target's kernel that is in the cache."""
    (target,) = (target for target in read_targets(PROJECT / "targets") if target.name == name)
    return fetch_packages(target, cache_directory(), RunLog(name)).release


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> DebianRoot:
    root = DebianRoot(tmp_path_factory.mktemp("debian") / "root", (*BUILDING, *NEEDED, *TOOLS, *OTHERS))
    root.apt("update")
    return root


@pytest.fixture(scope="module")
def plugin(debian: DebianRoot) -> DebianRoot:
    """The same with the plugin: its package made, found good, and installed."""
    subprocess.run([PROJECT / "packaging/lay-out", debian.path / "build/source"], check=True)
    debian.run("dpkg-buildpackage", "-us", "-uc", cwd="/build/source")
    changes = f"/build/scons-kmod_{__version__}_amd64.changes"
    assert debian.run("lintian", "--allow-root", "--fail-on=error,warning", changes) == ""
    debian.run("dpkg", "-i", f"/build/scons-kmod_{__version__}_all.deb")
    return debian


@pytest.fixture(scope="module")
def project(plugin: DebianRoot) -> DebianRoot:
    """A project with one module, and the newest kernel's headers and image, installed as packages."""
    shutil.copytree(PROJECT / "modules" / MODULE, plugin.path / "project" / MODULE)
    (plugin.path / "project" / MODULE / "module.toml").write_text(f'[module]\nname = "{MODULE}"\n{PACKAGE}')
    (plugin.path / "project/SConstruct").write_text(SCONSTRUCT)
    # This is what DKMS is to see as an upgrade of the kernel: it is there before.
    scons(plugin, "dkms", f"KDIR={unpacked_into(plugin)}")
    plugin.run("dpkg", "-i", f"build/dkms/{NAME}-dkms_{VERSION}-1_all.deb", cwd="/project")
    said = plugin.apt("--no-install-recommends", "install", f"linux-headers-{newest()}")
    assert status(plugin) == [f"{NAME}/{VERSION}, {newest()}, x86_64: installed"], said
    return plugin


def unpacked_into(debian: DebianRoot) -> str:
    """The headers that the cache has, as they would be in a directory of the user's."""
    unpacked = unpacked_headers()
    shutil.copytree(unpacked.root, debian.path / "headers", symlinks=True)
    for makefile in (debian.path / "headers").glob("usr/src/linux-headers-*/**/Makefile"):
        text = makefile.read_text()
        if str(unpacked.root) in text:
            makefile.write_text(text.replace(str(unpacked.root), "/headers"))
    return f"/headers/{unpacked.kernel_tree.relative_to(unpacked.root)}"


def newest() -> str:
    return unpacked_headers().release


def scons(debian: DebianRoot, *args: str, cwd: str = "/project") -> str:
    return debian.run("scons", "-Q", *args, cwd=cwd)


def kdir(release: str) -> str:
    return f"KDIR=/usr/src/linux-headers-{release}"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def status(debian: DebianRoot) -> list[str]:
    """What DKMS says of the module."""
    return [line for line in debian.run("dkms", "status").splitlines() if line.startswith(NAME)]


def test_the_package_has_the_version_and_the_day_of_the_plugin() -> None:
    first, *_, last = (PROJECT / "packaging/debian/changelog").read_text().strip().splitlines()
    assert first.startswith(f"scons-kmod ({__version__}) ")
    assert RELEASED.strftime("%a, %d %b %Y") in last


def test_it_builds_the_same_module_on_the_distributions_own_scons(project: DebianRoot, checkout: Checkout) -> None:
    assert " v4.4.0" in project.run("scons", "--version")
    scons(project, kdir(newest()))
    (module,) = project.path.glob(f"project/build/kdir-{newest()}/modules/*/*.ko")
    assert digest(module) == checkout.modules()[module.name]
    assert scons(project, kdir(newest())) == "scons: `all' is up to date.\n"
    assert not list(project.path.glob("usr/share/scons-kmod/**/__pycache__"))
    said = project.run("scons", "-Q", "doctor", kdir(newest()), cwd="/project", check=False)
    assert said.endswith("\nMissing: qemu-system-x86_64, zstd, busybox, pytest.\nexit 1\n"), said


def test_reprotest_finds_no_difference(project: DebianRoot) -> None:
    """Another directory, home, locale, time zone, umask, PATH, host, order of files, number of processors, kernel.

    Not another user and not the time: reprotest 0.7.23 and Debian 12's sudo do not go together, and faketime stops
    SCons's clocks; the time of the second build is another anyhow.
    """
    args = f"MODULE={MODULE} {kdir(newest())} SOURCE=1"
    package_commands = " && ".join(f"scons -Q {kind} {args}" for kind in ("deb", "rpm", "dkms"))
    command = f"hostname host-$$; export SCONS_KMOD_CACHE=$PWD/cache; {package_commands}"
    command += f" && scons -Q crates {kdir(newest())}"
    project.run("rm", "-rf", "build", cwd="/project")
    fuse = project.path / "dev/fuse"
    if Path("/dev/fuse").exists() and not fuse.exists():
        project.run("mknod", "/dev/fuse", "c", "10", "229")
    order = "" if fuse.exists() else ",-fileordering"
    artifacts = "build/*/deb/*.deb build/*/deb/*.dsc build/*/rpm/*.rpm build/*/modules/*/*.ko build/dkms/*.deb"
    vary = f"--vary=+all,-time,-user_group,-domain_host{order}"
    said = project.run("reprotest", vary, "--no-diffoscope", "-s", ".", command, artifacts, cwd="/project")
    assert "Reproduction successful" in said
    assert len(re.findall(r"(?m)^[0-9a-f]{64}  ", said)) == 7, said


def test_a_build_starts_from_the_package_of_support_crates(project: DebianRoot, checkout: Checkout) -> None:
    copy_spdx_tools(project.path / "spdx")
    said = project.run("scons", "-Q", "crates", kdir(newest()), cwd="/project", env=["PYTHONPATH=/spdx"])
    (package,) = re.findall(r"(?m)^  DEB     (\S+)$", said)
    assert "E: " not in project.run("lintian", "--allow-root", package, cwd="/project")
    document = (project.path / "project" / package).with_suffix(".spdx.json")
    assert validate_full_spdx_document(parse_file(str(document))) == []
    sbom = json.loads(document.read_text())
    assert {"core", "alloc", "linux-headers", "rustc"} <= {package["name"] for package in sbom["packages"]}
    assert "./kernel/lib.rs" in {file["fileName"] for file in sbom["files"]}
    needs = project.run("dpkg-deb", "-f", package, "Depends", cwd="/project").strip()
    versions = {name: project.run("dpkg-query", "-W", "-f", "${Version}", name) for name in TOOLS}
    assert f"rustc-web (= {versions['rustc-web']})" in needs.split(", ")
    project.run("dpkg", "-i", package, cwd="/project")
    shutil.rmtree(project.path / "project/build")
    project.run("rm", "-rf", "/root/.cache/scons-kmod")
    assert "has never run" in scons(project, "why", "NEXT=1", kdir(newest()))
    assert not list(project.path.glob("project/build/*/crates")), "why makes nothing"
    scons(project, MODULE, kdir(newest()))
    build = project.path / f"project/build/kdir-{newest()}"
    ran = {(entry["step"], entry["unit"]) for entry in json.loads((build / "last-run.json").read_text())}
    compiled = {unit for step, unit in ran if step in ("RUSTC", "CC", "BINDGEN")}
    # The crate `kernel` is another for each set of wrappers, and has no code.
    assert {unit for unit in compiled if not unit.startswith("kernel (")} == {f"{MODULE}.o"}
    assert digest(build / f"modules/{MODULE}/{MODULE}.ko") == checkout.modules()[f"{MODULE}.ko"]


def copy_spdx_tools(directory: Path) -> None:
    """Copy spdx-tools and what it needs: Debian has no packages of these."""
    todo, seen = ["spdx-tools"], set[str]()
    while todo:
        name = re.split(r"[^\w.-]", todo.pop())[0].lower()
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for other systems, or for what is not used here
        if name in seen or name in ("libclang", "scons"):
            continue
        seen.add(name)
        todo += [requirement for requirement in distribution.requires or [] if "extra" not in requirement]
        for file in distribution.files or ():
            if not str(file).startswith(".."):
                (directory / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(distribution.locate_file(file), directory / file)


def test_source_packages_are_built_again_without_a_network(project: DebianRoot) -> None:
    args = ("SOURCE=1", "INSTALL_MOD_STRIP=1", f"MODULE={MODULE}", kdir(newest()))
    scons(project, "deb", *args)
    scons(project, "rpm", *args)
    build = f"/project/build/kdir-{newest()}"
    name = f"{NAME}-modules-{newest()}"
    project.run("mkdir", "-p", "/again")
    project.run("dpkg-source", "-x", f"{build}/deb/{name}_{VERSION}-1.dsc", "/again/source")
    project.run("lintian", "--allow-root", "--fail-on=error", f"{build}/deb/{name}_{VERSION}-1.dsc")
    project.run("dpkg-buildpackage", "-us", "-uc", cwd="/again/source")
    directories = (f"{build}/deb", "/again")
    both = [project.path / f"{directory}/{name}_{VERSION}-1_amd64.deb".lstrip("/") for directory in directories]
    assert digest(both[0]) == digest(both[1])

    # The rpm database is empty; what rpms would bring is there otherwise.
    top = ("--define", "_topdir /again/rpm")
    source = f"{build}/rpm/{name}-{VERSION}-1.src.rpm"
    assert "python3dist(scons-kmod)" in project.run("rpm", "-qp", "--nosignature", "--requires", source)
    day = "SOURCE_DATE_EPOCH=1770076800"
    project.run("rpmbuild", "--rebuild", "--nodeps", "--quiet", *top, source, env=[day])
    form = "%{NAME} %{VERSION} %{PAYLOADDIGEST} [%{REQUIRES} %{REQUIREVERSION} ]%{POSTIN}%{POSTUN}"
    package = f"{name}-{VERSION}-1.x86_64.rpm"
    paths = (f"{build}/rpm/{package}", f"/again/rpm/RPMS/x86_64/{package}")
    said = [project.run("rpm", "-qp", "--nosignature", "--qf", form, path) for path in paths]
    assert said[0] == said[1]


def test_the_module_that_dkms_built_is_loaded_by_modprobe(project: DebianRoot, tmp_path: Path) -> None:
    root, release = project.path, newest()
    # DKMS does not know of the alias.
    (root / "etc/modprobe.d/minimal.conf").write_text(f"alias minimal {MODULE}\n")
    (installed,) = root.glob(f"usr/lib/modules/{release}/updates/dkms/*")
    result = load(installed, guest_files(root, release), release, tmp_path / "test.sh")
    assert result.passed, str(result)


def test_a_kernel_upgrade_without_rustc_is_whole(project: DebianRoot) -> None:
    older = release_of("debian-6.1")
    project.run("mv", "/usr/bin/rustc", "/usr/bin/rustc.away")
    try:
        said = project.apt("--no-install-recommends", "install", f"linux-headers-{older}")
    finally:
        project.run("mv", "/usr/bin/rustc.away", "/usr/bin/rustc")
    assert [line for line in said.splitlines() if NAME in line] == [
        f"{LINE}{older}: rustc: not found (/var/cache/scons-kmod/dkms/{NAME}-{VERSION}/{older}/build.log)"
    ]
    assert "ok installed" in project.run("dpkg-query", "-W", "-f", "${Status}", f"linux-headers-{older}")
    assert status(project) == [f"{NAME}/{VERSION}, {newest()}, x86_64: installed"]
    hook(project, older)
    assert f"{NAME}/{VERSION}, {older}, x86_64: installed" in status(project)


def hook(debian: DebianRoot, release: str) -> str:
    """Run what the kernel's package runs when it was installed. It fails if that does."""
    return debian.run("/etc/kernel/postinst.d/dkms", release)


@pytest.mark.parametrize("version", ["3.0.10", "3.2"])
def test_dkms_of_both_releases(project: DebianRoot, version: str) -> None:
    if version == "3.2":
        take_newer_dkms(project)
    assert f"dkms-{version}" in project.run("dkms", "--version").strip()
    older = release_of("debian-6.1")
    remove_from_dkms(project)
    scons(project, "dkms", kdir(newest()))

    said = project.run("dpkg", "-i", f"build/dkms/{NAME}-dkms_{VERSION}-1_all.deb", cwd="/project")
    assert sorted(status(project)) == [
        f"{NAME}/{VERSION}, {release}, x86_64: installed" for release in (older, newest())
    ], said

    # With a configuration that one of the kernels has not.
    remove_from_dkms(project)
    with_requirement = f'[requires]\nconfig = ["CONFIG_X86_USER_SHADOW_STACK"]\n[module]\nname = "{MODULE}"\n{PACKAGE}'
    tree = add(project, with_requirement)
    said = [hook(project, release) for release in (older, newest())]
    assert LINE in said[0]
    assert "it needs CONFIG_X86_USER_SHADOW_STACK, which this kernel's configuration does not set" in said[0]
    assert LINE not in said[1]
    assert status(project) == [f"{NAME}/{VERSION}, {newest()}, x86_64: installed"]
    refused = project.run("dkms", "install", f"{NAME}/{VERSION}", "-k", older, check=False)
    assert "includes a BUILD_EXCLUSIVE directive" in refused.replace("\n", " ")
    assert refused.endswith("exit 77\n")
    project.run("dkms", "remove", f"{NAME}/{VERSION}", "--all")

    # A module that does not compile.
    (tree / "module/module.toml").write_text(f'[module]\nname = "{MODULE}"\n{PACKAGE}')
    (tree / f"module/{MODULE}.rs").write_text("// SPDX-License-Identifier: GPL-2.0\nno rust\n")
    project.run("dkms", "add", f"{NAME}/{VERSION}")
    said = [hook(project, release) for release in (older, newest())]
    releases = (older, newest())
    assert all(f"{LINE}{release}: RUSTC {MODULE}.o: " in text for release, text in zip(releases, said, strict=True))
    assert all(text.count(LINE) == 1 for text in said)
    assert status(project) == [f"{NAME}/{VERSION}: added"]


def take_newer_dkms(debian: DebianRoot) -> None:
    """Debian 13's dkms, on this Debian, from where its other packages come."""
    known = "\n".join(path.read_text() for path in sources())
    archive = re.search(r"^(?:URIs:|deb(?: \[.*\])?) +(\S+)", known, re.MULTILINE)
    assert archive
    (debian.path / "etc/apt/sources.list.d/trixie.sources").write_text(
        f"Types: deb\nURIs: {archive[1]}\nSuites: trixie\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    )
    debian.apt("update")
    debian.apt("install", "--no-install-recommends", "dkms/trixie")


def remove_from_dkms(debian: DebianRoot) -> None:
    """Remove the module from DKMS; nothing of it is left."""
    tree, logs = debian.path / f"usr/src/{NAME}-{VERSION}", debian.path / f"var/cache/scons-kmod/dkms/{NAME}-{VERSION}"
    if (
        f"{NAME}/" in debian.run("dkms", "status")
        and not (debian.path / f"var/lib/dpkg/info/{NAME}-dkms.list").exists()
    ):
        # Given to DKMS by hand.
        debian.run("dkms", "remove", f"{NAME}/{VERSION}", "--all")
        shutil.rmtree(tree)
        shutil.rmtree(logs, ignore_errors=True)
    debian.run("dpkg", "--purge", f"{NAME}-dkms")
    left = [path for path in (tree, logs, debian.path / f"var/lib/dkms/{NAME}") if path.exists()]
    left += [path for pattern in ("updates/dkms/*", "**/rust_minimal*") for path in modules_in(debian, pattern)]
    assert left == []


def modules_in(debian: DebianRoot, pattern: str) -> list[Path]:
    return list(debian.path.glob(f"usr/lib/modules/*/{pattern}"))


def add(debian: DebianRoot, manifest: str) -> Path:
    """Give DKMS the source tree with another manifest, without a package."""
    tree = debian.path / f"usr/src/{NAME}-{VERSION}"
    shutil.copytree(debian.path / f"project/build/dkms/{NAME}-{VERSION}", tree)
    (tree / "module/module.toml").write_text(manifest)
    debian.run("dkms", "add", f"{NAME}/{VERSION}")
    return tree


def test_the_plugin_is_removed_without_a_trace(project: DebianRoot) -> None:
    remove_from_dkms(project)
    project.run("dpkg", "--purge", f"scons-kmod-crates-{newest()}", "scons-kmod")
    assert not [name for name in project.files() if "scons-kmod" in name and name.startswith(("usr/", "var/", "etc/"))]
    assert not (project.path / "usr/share/scons/site_scons").exists()
