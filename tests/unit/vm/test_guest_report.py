# SPDX-License-Identifier: MIT
from __future__ import annotations

from scons_kmod.vm.guest_report import parse_report

# What the guest of 6.12 sent for a module that warns, one whose init fails and one that is fine.
RECORDED = """\
boot 6.12.117+deb12-amd64
begin fail
taint-before 0
out insmod: can't insert '/modules/fail.ko': No such device
out insmod of fail failed
status 1
log [    2.084164] scons-kmod: test of fail begins
log [    2.116947] fail: loading out-of-tree module taints kernel.
log [    2.117311] fail: module verification failed: signature and/or required key missing - tainting kernel
taint 12288
end fail
begin stay
taint-before 12288
out rmmod: can't unload module 'stay': Device or resource busy
status 1
log [    2.323082] scons-kmod: test of stay begins
taint 12288
left stay
end stay
begin slow
taint-before 12288
out
out   two leading blanks
status timeout
taint 12288
end slow
done
"""


def test_a_recorded_report_gives_all_that_the_guest_said() -> None:
    report = parse_report(RECORDED.splitlines())
    fail, stay, slow = report.modules
    assert (report.release, report.done) == ("6.12.117+deb12-amd64", True)
    assert (fail.name, fail.status, fail.taint_before, fail.taint) == ("fail", 1, 0, 12288)
    assert fail.output == ["insmod: can't insert '/modules/fail.ko': No such device", "insmod of fail failed"]
    assert len(fail.log) == 3
    assert (stay.left, fail.left) == (["stay"], [])
    assert (slow.timed_out, slow.status) == (True, None)
    assert slow.output == ["", "  two leading blanks"]
    assert all(module.ended and not module.stray for module in report.modules)


def test_a_report_that_is_cut_off_anywhere_has_only_its_last_test_unended() -> None:
    lines = RECORDED.splitlines()
    for end in range(len(lines)):
        report = parse_report(lines[:end])
        assert not report.done
        assert all(module.ended for module in report.modules[:-1])


def test_output_of_a_test_is_never_read_as_a_report_line() -> None:
    lines = ["boot 6.1", "begin a", "out end a", "out done", "out begin b", "log status 0", "log end a"]
    report = parse_report(lines)
    (module,) = report.modules
    assert (module.ended, module.status, report.done) == (False, None, False)
    assert module.output == ["end a", "done", "begin b"]


def test_a_line_that_something_else_writes_to_the_port_is_kept_as_stray() -> None:
    report = parse_report(["boot 6.1", "begin a", "done", "begin b", "end b", "status x", "status 0", "end a", "noise"])
    (module,) = report.modules
    assert module.stray == ["done", "begin b", "end b", "status x", "noise"]
    assert (module.status, module.ended, report.done) == (0, True, False)
