# SPDX-License-Identifier: MIT
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scons_kmod.base.programs import find_program
from scons_kmod.engine.strace import (
    CREATED,
    LISTED,
    MISSING,
    OPENED,
    SEEN,
    Access,
    accesses,
    machine_path,
    sandbox_mounts,
    strace_args,
)


def seen(*lines: str) -> list[tuple[str, str]]:
    """What lines of strace say about a command that began in /work."""
    return [tuple(access) for access in accesses("\n".join(lines), "/work")]


@pytest.mark.parametrize(
    ("line", "kind", "path"),
    [
        ('7 execve("/bin/cp", ["cp", "a b"], 0x7ffe /* 3 vars */) = 0', OPENED, "/bin/cp"),
        ('7 openat(AT_FDCWD</work>, "a.h", O_RDONLY|O_NOCTTY) = 3</work/a.h>', OPENED, "/work/a.h"),
        ('7 openat(5</work/sub>, "../a.h", O_RDWR) = 3</work/a.h>', OPENED, "/work/a.h"),
        ('7 open("/x/a.h", O_RDONLY) = 3</x/a.h>', OPENED, "/x/a.h"),
        ('7 openat(AT_FDCWD</work>, "a.h", O_RDONLY) = -1 ENOENT (No such file or directory)', MISSING, "/work/a.h"),
        ('7 openat(AT_FDCWD</work>, "f/a.h", O_RDONLY) = -1 ENOTDIR (Not a directory)', MISSING, "/work/f/a.h"),
        ('7 newfstatat(AT_FDCWD</work>, "a.h.gch", 0x7ffd, 0) = -1 ENOENT (No such file)', MISSING, "/work/a.h.gch"),
        ('7 newfstatat(AT_FDCWD</work>, "a", {st_mode=S_IFREG|0644, ...}, 0) = 0', SEEN, "/work/a"),
        ('7 access("a", R_OK) = 0', SEEN, "/work/a"),
        ('7 readlink("a", 0x7ffc, 1023) = -1 ENOENT (No such file or directory)', MISSING, "/work/a"),
        ('7 openat(AT_FDCWD</work>, ".", O_RDONLY|O_DIRECTORY) = 3</work>', LISTED, "/work"),
        ('7 openat(AT_FDCWD</work>, "o", O_RDWR|O_CREAT|O_TRUNC, 0666) = 3</work/o>', CREATED, "/work/o"),
        ('7 openat(AT_FDCWD</work>, "/tmp/c", O_RDWR|O_CREAT|O_EXCL, 0600) = 3</tmp/c>', CREATED, "/tmp/c"),
        ('7 openat(AT_FDCWD</work>, "lock", O_RDWR|O_CREAT, 0600) = 3</work/lock>', OPENED, "/work/lock"),
        ('7 rename("t", "/work/o") = 0', CREATED, "/work/o"),
        ('7 mkdir("d", 0777) = 0', CREATED, "/work/d"),
        (r'7 open("/x/\303\244 \"\\\n", O_RDONLY) = 3</x>', OPENED, '/x/ä "\\\n'),
    ],
)
def test_calls(line: str, kind: str, path: str) -> None:
    assert seen(line) == [(kind, path)]


@pytest.mark.parametrize(
    "line",
    [
        '7 newfstatat(AT_FDCWD</work>, "d", {st_mode=S_IFDIR|0755, ...}, 0) = 0',
        '7 newfstatat(3</work/a>, "", {st_mode=S_IFREG|0644, ...}, AT_EMPTY_PATH) = 0',
        '7 readlink("/work", 0x7ffc, 1023) = -1 EINVAL (Invalid argument)',
        '7 openat(AT_FDCWD</work>, "a", O_RDONLY) = -1 EACCES (Permission denied)',
        '7 unlink("a") = 0',
        '7 getcwd("/work", 1024) = 6',
        "strace: Process 8 attached",
        "7 +++ exited with 0 +++",
    ],
)
def test_calls_that_find_out_nothing_about_a_file(line: str) -> None:
    assert seen(line) == []


def test_a_call_may_have_two_lines() -> None:
    lines = (
        '7 openat(AT_FDCWD</work>, "a", O_RDONLY <unfinished ...>',
        '8 openat(AT_FDCWD</work>, "b", O_RDONLY) = 4</work/b>',
        "7 <... openat resumed>) = 3</work/a>",
    )
    assert seen(*lines) == [(OPENED, "/work/b"), (OPENED, "/work/a")]


def test_a_process_begins_in_the_directory_of_its_parent() -> None:
    lines = (
        '7 chdir("sub") = 0',
        "7 vfork( <unfinished ...>",
        '8 access("a", R_OK) = 0',
        '8 chdir("/other") = 0',
        '8 access("a", R_OK) = 0',
        "7 <... vfork resumed>) = 8",
        '7 access("b", R_OK) = 0',
    )
    assert seen(*lines) == [(SEEN, "/work/sub/a"), (SEEN, "/other/a"), (SEEN, "/work/sub/b")]


def test_paths_in_a_sandbox() -> None:
    argv = (
        "/usr/bin/bwrap",
        "--ro-bind",
        "/root/usr",
        "/usr",
        "--tmpfs",
        "/tmp",
        "--ro-bind",
        "/m/a.py",
        "/module/a.py",
    )
    mounts = sandbox_mounts((*argv, "--", "python3"))
    assert mounts is not None
    lines = (
        '7 execve("/usr/bin/bwrap", ["bwrap"], 0x7ffe /* 3 vars */) = 0',
        '7 openat(AT_FDCWD</work>, "/newroot/x", O_RDONLY) = 3</x>',
        "7 clone(child_stack=NULL, flags=CLONE_NEWPID|SIGCHLD) = 2 /* 9 in strace's PID NS */",
        '9 execve("/usr/bin/python3", ["python3"], 0x7ffe /* 3 vars */) = 0',
        '9 openat(AT_FDCWD</generated>, "/module/a.py", O_RDONLY) = 3</module/a.py>',
        '9 openat(AT_FDCWD</generated>, "/tmp/x", O_RDONLY) = 3</tmp/x>',
        '9 openat(AT_FDCWD</generated>, "/module/b.py", O_RDONLY) = -1 ENOENT (No such file or directory)',
    )
    found = list(accesses("\n".join(lines), "/work", mounts))
    assert found == [Access(OPENED, "/root/usr/bin/python3"), Access(OPENED, "/m/a.py")]


def test_a_command_that_enters_no_sandbox_has_no_mounts() -> None:
    assert sandbox_mounts(("gcc", "--ro-bind")) is None
    assert machine_path("/a/../b", {"/": "/"}) == "/b"


def test_real_processes(tmp_path: Path) -> None:
    """A shell, a child in another directory, and a thread."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a").write_text("")
    code = "import threading; t = threading.Thread(target=lambda: open('from-thread').close()); t.start(); t.join()"
    (tmp_path / "from-thread").write_text("")
    output = tmp_path / "strace"
    (tmp_path / "thread.py").write_text(code)
    script = f"cat nothing sub/a >copy; (cd sub; cat a ./b); {sys.executable} thread.py"
    argv = (*strace_args(find_program("strace"), str(output)), "sh", "-c", script)
    subprocess.run(argv, cwd=tmp_path, check=True, stderr=subprocess.DEVNULL)
    found = set(accesses(output.read_text(), str(tmp_path)))
    assert {
        Access(MISSING, f"{tmp_path}/nothing"),
        Access(OPENED, f"{tmp_path}/sub/a"),
        Access(CREATED, f"{tmp_path}/copy"),
        Access(MISSING, f"{tmp_path}/sub/b"),
        Access(OPENED, f"{tmp_path}/from-thread"),
    } <= found
