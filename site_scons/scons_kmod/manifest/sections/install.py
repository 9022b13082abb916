# SPDX-License-Identifier: MIT
"""``[install]`` of a manifest: what modprobe and the boot need to know of a module."""

from __future__ import annotations

import dataclasses

from scons_kmod.manifest.keys import key
from scons_kmod.manifest.kinds import Boolean, Form, Text, Texts

MODULE = Form("[A-Za-z0-9_-]+", "{!r} is not a valid module name")
# A line of modprobe.d(5) ends at the end of the line; a # begins a comment, a \ joins it with the next.
OPTIONS = Form(r"[^\n#\\]+", r"must be one line, without # and \ ", "write parameters as insmod takes them")
ALIAS = Form(r"[^\s#\\]+", "{!r} is not a valid alias: it has blanks, # or \\")


@dataclasses.dataclass(frozen=True)
class ModprobeConf:
    """The keys of [install]."""

    load_at_boot: bool = key(Boolean(), "Whether the module is loaded at boot.", default=False)
    options: str = key(Text(OPTIONS), "The module's parameters, as insmod takes them.", default="")
    aliases: tuple[str, ...] = key(Texts(ALIAS), "More names by which modprobe finds the module.", default=())
    softdep_pre: tuple[str, ...] = key(Texts(MODULE), "Modules that modprobe loads before this module.", default=())
    softdep_post: tuple[str, ...] = key(Texts(MODULE), "Modules that modprobe loads after this module.", default=())
    blacklist: tuple[str, ...] = key(Texts(MODULE), "Modules that no alias loads any more.", default=())

    def files(self, file: str, name: str) -> dict[str, str]:
        """The text of each file that a module called `name` needs, by its path below the root directory.

        `file` is what the files are called.
        """
        lines = [f"alias {alias} {name}" for alias in self.aliases]
        lines += [f"options {name} {self.options}"] if self.options else []
        before = ("pre:", *self.softdep_pre) if self.softdep_pre else ()
        after = ("post:", *self.softdep_post) if self.softdep_post else ()
        lines += [f"softdep {' '.join((name, *before, *after))}"] if before or after else []
        lines += [f"blacklist {other}" for other in self.blacklist]
        files = {f"etc/modprobe.d/{file}.conf": "".join(f"{line}\n" for line in lines)} if lines else {}
        return {**files, f"etc/modules-load.d/{file}.conf": f"{name}\n"} if self.load_at_boot else files
