# SPDX-License-Identifier: MIT
"""What strace(1) says that processes have done with files.

`strace_args` begins a command that runs another under strace, `accesses` reads what strace has written about it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

# What processes do with a path. A file that is read was opened, executed, or asked for its status; a directory was
# listed. `MISSING`: it was looked for, and there was nothing. `CREATED`: it is a file or directory of the processes.
OPENED, SEEN, LISTED, MISSING, CREATED = "opened", "seen", "listed", "looked up in vain", "created"

# System calls by what they do; the others that strace prints for `%file` neither find nor create anything.
OPEN = ("open", "openat", "openat2", "creat")
EXECUTE = ("execve", "execveat")
STATUS = ("stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2", "readlink", "readlinkat")
CREATE = ("mkdir", "mkdirat", "mknod", "mknodat")
# Their last path is created.
CREATE_LAST = ("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat")
FORK = ("clone", "clone3", "fork", "vfork")
TRACED = ",".join(("%file", "fchdir", *FORK))
NOTHING_THERE = ("ENOENT", "ENOTDIR")

# A line about a call: process, call, arguments, result, error. `-y` adds the paths of descriptors, between < and >.
LINE = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+|\?)(<.*>)?(?: (E[A-Z0-9]+)\b)?.*", re.DOTALL)
UNFINISHED = re.compile(r"(\d+) +(.*) <unfinished \.\.\.>")
RESUMED = re.compile(r"(\d+) +<\.\.\. \w+ resumed>(.*)")
STRING = r'"((?:[^"\\]|\\.)*)"'
# A path, with the directory that it is relative to if the call names one.
PATH = re.compile(rf"(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?{STRING}")
TRANSLATED_PID = re.compile(r"/\* (\d+) in strace's PID NS \*/")
ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|([0-7]{1,3})|(.))", re.DOTALL)
NAMED_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "f": "\f"}

# Directories of a sandbox, each with the machine's directory that is there.
Mounts = Mapping[str, str]
SANDBOX = "bwrap"
BINDS = ("--bind", "--ro-bind", "--dev-bind", "--bind-try", "--ro-bind-try", "--dev-bind-try")
# Directories of a sandbox that are there only while it is.
PRIVATE = ("--tmpfs", "--dev", "--proc", "--dir")


class Access(NamedTuple):
    """What a process did with a path: `OPENED`, ... The path is absolute, and not normalized."""

    kind: str
    path: str


class Process:
    """A process or thread, as far as it has run."""

    def __init__(self, directory: str, in_setup: bool) -> None:
        """`in_setup`: it is a sandbox that does not run its program yet."""
        self.directory = directory
        self.in_setup = in_setup


def strace_args(strace: str, output: str) -> tuple[str, ...]:
    """The args before a command that run it under the program `strace`, which writes to the file `output`."""
    options = ("-f", "--seccomp-bpf", "-qq", "-y", "--pidns-translation", "-s", "4096", "-e", "signal=none")
    return (strace, *options, "-e", f"trace={TRACED}", "-o", output, "--")


def accesses(text: str, directory: str, mounts: Mounts | None = None) -> Iterator[Access]:
    """What the processes of a command did with paths, in the order in which they did it.

    `text` is what strace wrote, `directory` is where the command began. `mounts` are those of the sandbox that the
    command runs in, if it does: the sandbox's own preparations are left out, and paths are those of the machine.
    """
    calls = list(finished_calls(text.splitlines()))
    parents = {child: match[1] for match in calls if match[2] in FORK and (child := child_of(match))}
    processes: dict[str, Process] = {}
    for match in calls:
        process = process_of(match[1], parents, processes, directory, mounts is not None)
        for kind, path in accesses_of(match, process):
            on_machine = machine_path(path, mounts or {"/": "/"})
            if on_machine is not None:
                yield Access(kind, on_machine)


def finished_calls(lines: Sequence[str]) -> Iterator[re.Match[str]]:
    """The lines about calls. A call during which another process ran has two lines in the file, which are joined."""
    begun: dict[str, str] = {}
    for line in lines:
        if match := UNFINISHED.fullmatch(line):
            begun[match[1]] = match[2]
            continue
        if match := RESUMED.fullmatch(line):
            line = f"{match[1]} {begun.pop(match[1], '?(')}{match[2]}"
        if match := LINE.fullmatch(line):
            yield match


def child_of(match: re.Match[str]) -> str | None:
    """The process that a call has started."""
    translated = TRANSLATED_PID.search(match[0])
    return translated[1] if translated else match[4] if match[4].isdecimal() else None


def process_of(
    pid: str, parents: Mapping[str, str], processes: dict[str, Process], directory: str, in_sandbox: bool
) -> Process:
    """The process, which begins as its parent is then. The first has no parent."""
    if pid not in processes:
        parent = parents.get(pid)
        if parent in processes:
            before = processes[str(parent)]
            processes[pid] = Process(before.directory, before.in_setup)
        else:
            processes[pid] = Process(directory, in_sandbox)
    return processes[pid]


def accesses_of(match: re.Match[str], process: Process) -> Iterator[Access]:
    """What a call did with paths."""
    _, call, args, _, _, error = match.groups()
    found = [os.path.join(at or process.directory, unescaped(name)) for at, name in PATH.findall(args)]  # noqa: PTH118
    if call == "chdir" and not error:
        process.directory = found[0]
    if call == "fchdir" and not error and (target := re.match(r"\d+<([^>]*)>", args)):
        process.directory = unescaped(target[1])
    if call in EXECUTE and not error and process.in_setup:
        process.in_setup = found[0].rpartition("/")[2] == SANDBOX
    if process.in_setup or not found:
        return
    if call in CREATE_LAST and not error:
        yield Access(CREATED, found[-1])
    elif call in CREATE and not error:
        yield Access(CREATED, found[0])
    elif call in (*OPEN, *EXECUTE, *STATUS):
        kind = MISSING if error in NOTHING_THERE else "" if error else kind_of_success(call, args)
        if kind:
            yield Access(kind, found[0])


def kind_of_success(call: str, args: str) -> str:
    """What a call that found its path did. Empty if it is no matter: it asked for the status of a directory or link."""
    if call in STATUS:
        # A descriptor's own status, and what a link leads to: the file that is opened then has its own call.
        is_other = "AT_EMPTY_PATH" in args or "S_IFDIR" in args or call.startswith("readlink")
        return "" if is_other else SEEN
    if call in EXECUTE:
        return OPENED
    if "O_DIRECTORY" in args:
        return LISTED
    creates = call == "creat" or "O_TRUNC" in args or ("O_CREAT" in args and "O_EXCL" in args)
    return CREATED if creates or "O_WRONLY" in args else "" if "O_PATH" in args else OPENED


def unescaped(name: str) -> str:
    """A string as it is in the memory of the process, of which strace prints `name`."""

    def character(match: re.Match[str]) -> str:
        hexadecimal, octal, other = match.groups()
        if hexadecimal or octal:
            return chr(int(hexadecimal, 16) if hexadecimal else int(octal, 8))
        return NAMED_ESCAPES.get(other, other)

    if "\\" not in name:
        return name
    return ESCAPE.sub(character, name).encode("latin-1").decode(errors="surrogateescape")


def sandbox_mounts(argv: Sequence[str]) -> Mounts | None:
    """What a command line that begins with bubblewrap mounts; None if it does not begin so."""
    if argv[0].rpartition("/")[2] != SANDBOX:
        return None
    mounts: dict[str, str] = {}
    own = argv[: argv.index("--")] if "--" in argv else argv
    for number, arg in enumerate(own):
        if arg in BINDS:
            mounts[own[number + 2]] = own[number + 1]
        elif arg in PRIVATE:
            mounts[own[number + 1]] = ""
    return mounts


def machine_path(path: str, mounts: Mounts) -> str | None:
    """The path on the machine of a path in a sandbox. None if the sandbox alone has it."""
    path = f"/{os.path.normpath(path).lstrip('/')}"
    inside = path
    while inside not in mounts:
        if inside == "/":
            return None
        inside = inside.rpartition("/")[0] or "/"
    outside = mounts[inside]
    return os.path.normpath(f"{outside.rstrip('/')}/{path[len(inside) :]}") if outside else None
