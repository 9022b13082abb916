# SPDX-License-Identifier: MIT
"""Binary packages for distributions with rpm, made by rpmbuild (rpm 4.18)."""

from __future__ import annotations

import datetime
import lzma
import os
import shlex
from pathlib import Path

from scons_kmod.base.atomic import write_bytes, write_text
from scons_kmod.base.programs import find_program
from scons_kmod.base.run_log import RunLog
from scons_kmod.base.tar import archived
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.packaging.module_package import REVISION, ModulePackage, settle, workplace
from scons_kmod.packaging.source_tree import install_words, source_tree
from scons_kmod.target.settings import Settings

# rpm's name for the machine of each of Kbuild's.
ARCHITECTURES = {"x86": "x86_64"}
# Nothing of the machine or of the moment gets into the package, and no file is stripped, compressed or linked to.
SETTINGS = {
    "_buildhost": "localhost",
    "_binary_payload": "w6.xzdio",
    "use_source_date_epoch_as_buildtime": "1",
    "clamp_mtime_to_source_date_epoch": "1",
    "_build_id_links": "none",
    "debug_package": "%{nil}",
    "__os_install_post": "%{nil}",
}
# In English, whatever the locale is.
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Kernels of distributions with rpm provide kernel-uname-r, and their headers kernel-devel-uname-r. `staged` is a
# directory with the files, given by us; without it, as from the source package, scons makes them.
SPEC = """\
{settings}
Name: {name}
Version: {version}
Release: {revision}
Summary: {summary}
License: {license}
Group: System Environment/Kernel
{url}Packager: {maintainer}
Source0: {archive}
%{{!?staged:BuildRequires: kernel-devel-uname-r = {release}}}
%{{!?staged:BuildRequires: python3dist(scons-kmod)}}
Requires: kmod
Requires: kernel-uname-r = {release}
{needs}
%description
{description}This is the kernel module {module} for Linux {release}.

%prep
%{{!?staged:%setup -q}}

%build
%{{!?staged:scons -Q all MODULE={module} KDIR=/lib/modules/{release}/build}}

%install
%{{?staged:cp -a %{{staged}}/. %{{buildroot}}}}
%{{!?staged:scons -Q stage MODULE={module} KDIR=/lib/modules/{release}/build DESTDIR=%{{buildroot}} {words}}}

%post
depmod {release}

%postun
if [ -d /lib/modules/{release}/kernel ]; then depmod {release}; else rm -f /lib/modules/{release}/modules.*; fi

%files
%defattr(0644,root,root,0755)
{files}

%changelog
* {date} {maintainer} - {version}-{revision}
- {module} {version} for Linux {release}.
"""


def build_rpm(
    package: ModulePackage, manifest: Manifest, settings: Settings, arch: str, directory: Path, log: RunLog
) -> list[Path]:
    """Make the package in `directory`, and its source package if SOURCE=1 asks for it; returns their paths.

    `arch` is Kbuild's SRCARCH. Raises `MachineError` if rpmbuild is not there or nothing can be written, and
    `StepError`.
    """
    architecture = ARCHITECTURES[arch]
    stem = f"{package.name}-{package.info.version}-{REVISION}"
    whole = {f"{stem}.{architecture}.rpm": ("-bb", f"RPMS/{architecture}")}
    if settings.source:
        whole[f"{stem}.src.rpm"] = ("-bs", "SRPMS")
    rpmbuild = find_program("rpmbuild")
    with workplace(directory) as work:
        staged, spec = work / "staged", work / f"{package.name}.spec"
        for path, data in package.files.items():
            write_bytes(staged / path, data)
        settle(staged, package.seconds)
        write_archive(package, manifest, work / "SOURCES")
        write_text(spec, spec_text(package, settings))
        for name, (mode, place) in whole.items():
            # A source package has the spec in it with all paths spelled out.
            own = {"_topdir": str(work), "staged": str(staged)} if mode == "-bb" else {"_topdir": "."}
            words = [word for key, value in own.items() for word in ("--define", f"{key} {value}")]
            argv = [rpmbuild, mode, "--nodeps", "--quiet", "--target", architecture, *words, str(spec)]
            log.run(argv, step="RPM", unit=name, cwd=work, env={"SOURCE_DATE_EPOCH": str(package.seconds)})
            (work / place / name).replace(directory / name)
    return [directory / name for name in whole]


def write_archive(package: ModulePackage, manifest: Manifest, directory: Path) -> None:
    """Write the sources where rpmbuild looks for them."""
    files = {f"{package.name}-{package.info.version}/{name}": data for name, data in source_tree(manifest).items()}
    path = directory / archive_name(package)
    write_bytes(path, lzma.compress(archived(files, package.seconds)))
    os.utime(path, (package.seconds, package.seconds))


def archive_name(package: ModulePackage) -> str:
    """What the archive of the sources is called."""
    return f"{package.name}-{package.info.version}.tar.xz"


def spec_text(package: ModulePackage, settings: Settings) -> str:
    """The spec file. A % in a text is no macro of rpm's."""
    info = package.info
    texts = {
        "summary": info.summary,
        "license": info.license,
        "maintainer": info.maintainer,
        "url": f"URL: {info.homepage}\n" if info.homepage else "",
        "description": f"{info.description}\n\n" if info.description else "",
    }
    date = datetime.datetime.fromtimestamp(package.seconds, datetime.UTC)
    return SPEC.format(
        **{name: text.replace("%", "%%") for name, text in texts.items()},
        settings="\n".join(f"%global {name} {value}" for name, value in SETTINGS.items()),
        name=package.name,
        version=info.version,
        revision=REVISION,
        module=package.module,
        needs="".join(f"Requires: {name} = {version}-{REVISION}\n" for name, version in package.needs),
        release=package.release,
        archive=archive_name(package),
        words=shlex.join(install_words(settings)).replace("%", "%%"),
        files="\n".join(f"/{path}" for path in sorted(package.files)),
        date=f"{DAYS[date.weekday()]} {MONTHS[date.month - 1]} {date.day:02} {date.year}",
    )
