# SPDX-License-Identifier: MIT
"""Binary packages for distributions with rpm, made by rpmbuild (rpm 4.18)."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

from scons_kmod.atomic import write_bytes, write_text
from scons_kmod.module_package import REVISION, ModulePackage, workplace
from scons_kmod.programs import program
from scons_kmod.run_log import RunLog

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
# Kernels of distributions with rpm provide kernel-uname-r.
SPEC = """\
Name: {name}
Version: {version}
Release: {revision}
Summary: {summary}
License: {license}
Group: System Environment/Kernel
{url}Packager: {maintainer}
Requires: kmod
Requires: kernel-uname-r = {release}

%description
{description}This is the kernel module {module} for Linux {release}.

%install
cp -a {staged}/. %{{buildroot}}

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


def build_rpm(package: ModulePackage, arch: str, directory: Path, log: RunLog) -> Path:
    """Make the package in `directory`; returns its path. `arch` is Kbuild's SRCARCH.

    Raises `MachineError` if rpmbuild is not there or nothing can be written, and `StepError`.
    """
    architecture = ARCHITECTURES[arch]
    made = directory / f"{package.name}-{package.info.version}-{REVISION}.{architecture}.rpm"
    rpmbuild = program("rpmbuild")
    with workplace(directory) as work:
        staged = work / "staged"
        lay_out(package, staged)
        spec = work / "module.spec"
        write_text(spec, spec_text(package, staged))
        settings = {**SETTINGS, "_topdir": str(work)}
        words = [word for name, value in settings.items() for word in ("--define", f"{name} {value}")]
        argv = [rpmbuild, "-bb", "--quiet", "--target", architecture, *words, str(spec)]
        log.run(argv, step="RPM", unit=made.name, env={"SOURCE_DATE_EPOCH": str(package.seconds)})
        (work / f"RPMS/{architecture}/{made.name}").replace(made)
    return made


def lay_out(package: ModulePackage, staged: Path) -> None:
    """Write the package's files below `staged`, with the package's time."""
    for path, data in package.files.items():
        write_bytes(staged / path, data)
    for place in staged.rglob("*"):
        os.utime(place, (package.seconds, package.seconds))


def spec_text(package: ModulePackage, staged: Path) -> str:
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
        name=package.name,
        version=info.version,
        revision=REVISION,
        module=package.module,
        release=package.release,
        staged=staged,
        files="\n".join(f"/{path}" for path in sorted(package.files)),
        date=f"{DAYS[date.weekday()]} {MONTHS[date.month - 1]} {date.day:02} {date.year}",
    )
