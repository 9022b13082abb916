# SPDX-License-Identifier: MIT
"""``[install]`` of a manifest: what modprobe and the boot are to know of a module."""

from __future__ import annotations

import dataclasses
import re

from scons_kmod.base.located_toml import Table

MODULE = re.compile(r"[A-Za-z0-9_-]+")
# A line of modprobe.d(5) ends at the end of the line; a # begins a comment, a \ joins it with the next.
OPTIONS = re.compile(r"[^\n#\\]+")
ALIAS = re.compile(r"[^\s#\\]+")


@dataclasses.dataclass(frozen=True)
class ModprobeConf:
    """`options` are the module's parameters as on insmod's command line, `aliases` more names that modprobe takes.

    `before` and `after` are modules to load with it (softdep), `blacklist` ones that no alias is to load any more.
    """

    load_at_boot: bool = False
    options: str = ""
    aliases: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    blacklist: tuple[str, ...] = ()

    def files(self, file: str, name: str) -> dict[str, str]:
        """The text of each file that a module called `name` needs, by its path below the root directory.

        `file` is what the files are called.
        """
        lines = [f"alias {alias} {name}" for alias in self.aliases]
        lines += [f"options {name} {self.options}"] if self.options else []
        before = ("pre:", *self.before) if self.before else ()
        after = ("post:", *self.after) if self.after else ()
        lines += [f"softdep {' '.join((name, *before, *after))}"] if before or after else []
        lines += [f"blacklist {other}" for other in self.blacklist]
        found = {f"etc/modprobe.d/{file}.conf": "".join(f"{line}\n" for line in lines)} if lines else {}
        return {**found, f"etc/modules-load.d/{file}.conf": f"{name}\n"} if self.load_at_boot else found


def read_conf(table: Table) -> ModprobeConf:
    """Read and check the table. Raises `UserError`."""
    conf = ModprobeConf(
        load_at_boot=table.boolean("load-at-boot", default=False),
        options=table.string("options", default=""),
        aliases=words(table, "aliases", ALIAS, "no alias: it has blanks, # or \\"),
        before=words(table, "softdep-pre", MODULE, "no module's name"),
        after=words(table, "softdep-post", MODULE, "no module's name"),
        blacklist=words(table, "blacklist", MODULE, "no module's name"),
    )
    table.done()
    if conf.options and not OPTIONS.fullmatch(conf.options):
        table.wrong("options", r"must be one line, without # and \ ", "write parameters as insmod takes them")
    return conf


def words(table: Table, key: str, pattern: re.Pattern[str], wrong: str) -> tuple[str, ...]:
    """A list of words that each match the pattern."""
    found = table.strings(key, default=())
    for word in found:
        if not pattern.fullmatch(word):
            table.wrong(key, f"{word!r} is {wrong}")
    return found
