# SPDX-License-Identifier: MIT
"""Binary and source packages for distributions with rpm, built by rpmbuild (rpm 4.18)."""

from __future__ import annotations

import datetime
import lzma
import os
import shlex
from pathlib import Path

from scons_kmod.base.atomic import write_bytes, write_text
from scons_kmod.base.programs import find_program
from scons_kmod.base.run_log import RunLog
from scons_kmod.base.tar import tar_archive
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.packaging.module_package import REVISION, ModulePackage
from scons_kmod.packaging.reproducible import set_modes_and_times, work_directory
from scons_kmod.packaging.source_tree import install_args, source_tree
from scons_kmod.target.settings import Settings

# rpm's architecture, by Kbuild's SRCARCH.
RPM_ARCHITECTURES = {"x86": "x86_64"}
# With these macros, nothing of the machine or the moment gets into the package, and rpmbuild does not strip or compress
# files or add links to them.
MACROS = {
    "_buildhost": "localhost",
    "_binary_payload": "w6.xzdio",
    "use_source_date_epoch_as_buildtime": "1",
    "clamp_mtime_to_source_date_epoch": "1",
    "_build_id_links": "none",
    "debug_package": "%{nil}",
    "__os_install_post": "%{nil}",
}
# The changelog is in English, whatever the locale is.
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Kernels of distributions with rpm provide kernel-uname-r, and their headers kernel-devel-uname-r. `build_rpm` defines
# the macro `staged`: a directory with the package's files. A build from the source package lacks it, and scons makes
# the files.
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
{requires}
%description
{description}This is the kernel module {module} for Linux {release}.

%prep
%{{!?staged:%setup -q}}

%build
%{{!?staged:scons -Q all MODULE={module} KDIR=/lib/modules/{release}/build}}

%install
%{{?staged:cp -a %{{staged}}/. %{{buildroot}}}}
%{{!?staged:scons -Q stage MODULE={module} KDIR=/lib/modules/{release}/build DESTDIR=%{{buildroot}} {install_args}}}

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
    """Build the package in `directory`, and with SOURCE=1 its source package; returns their paths.

    `arch` is Kbuild's SRCARCH. Raises `MachineError` if rpmbuild is not installed or the directory can't be written,
    and `StepError`.
    """
    architecture = RPM_ARCHITECTURES[arch]
    stem = f"{package.name}-{package.info.version}-{REVISION}"
    packages = {f"{stem}.{architecture}.rpm": ("-bb", f"RPMS/{architecture}")}
    if settings.source:
        packages[f"{stem}.src.rpm"] = ("-bs", "SRPMS")
    rpmbuild = find_program("rpmbuild")
    with work_directory(directory) as work:
        staged, spec = work / "staged", work / f"{package.name}.spec"
        for path, data in package.files.items():
            write_bytes(staged / path, data)
        set_modes_and_times(staged, package.seconds)
        write_source_archive(package, manifest, work / "SOURCES")
        write_text(spec, spec_text(package, settings))
        for name, (mode, output_directory) in packages.items():
            # A source package contains the spec with all macros expanded, so no path of this machine may be in them.
            macros = {"_topdir": str(work), "staged": str(staged)} if mode == "-bb" else {"_topdir": "."}
            defines = [arg for key, value in macros.items() for arg in ("--define", f"{key} {value}")]
            argv = [rpmbuild, mode, "--nodeps", "--quiet", "--target", architecture, *defines, str(spec)]
            log.run(argv, step="RPM", unit=name, cwd=work, env={"SOURCE_DATE_EPOCH": str(package.seconds)})
            (work / output_directory / name).replace(directory / name)
    return [directory / name for name in packages]


def write_source_archive(package: ModulePackage, manifest: Manifest, directory: Path) -> None:
    """Write the archive of the module's sources into `directory`, where rpmbuild looks for it."""
    files = {f"{package.name}-{package.info.version}/{name}": data for name, data in source_tree(manifest).items()}
    path = directory / source_archive_name(package)
    write_bytes(path, lzma.compress(tar_archive(files, package.seconds)))
    os.utime(path, (package.seconds, package.seconds))


def source_archive_name(package: ModulePackage) -> str:
    """The file name of the archive of the sources."""
    return f"{package.name}-{package.info.version}.tar.xz"


def spec_text(package: ModulePackage, settings: Settings) -> str:
    """The text of the spec file. A % in a text of the manifest is doubled, so that rpm does not expand it."""
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
        settings="\n".join(f"%global {name} {value}" for name, value in MACROS.items()),
        name=package.name,
        version=info.version,
        revision=REVISION,
        module=package.module,
        requires="".join(f"Requires: {name} = {version}-{REVISION}\n" for name, version in package.needs),
        release=package.release,
        archive=source_archive_name(package),
        install_args=shlex.join(install_args(settings)).replace("%", "%%"),
        files="\n".join(f"/{path}" for path in sorted(package.files)),
        date=f"{DAYS[date.weekday()]} {MONTHS[date.month - 1]} {date.day:02} {date.year}",
    )
