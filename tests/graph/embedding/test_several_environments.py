# SPDX-License-Identifier: MIT
"""SConstructs of users, which do more than the example does."""

from __future__ import annotations

from checkout import MODULES, Checkout

SEVERAL_ENVIRONMENTS = """\
first = Environment(tools=["kmod"])
second = Environment(tools=["kmod"])
for env in (first, second, second.Clone()):
    for target in env.KmodTargets():
        for manifest in env.KmodManifests():
            env.KernelModule(target, manifest)
    env.KmodCommands()
"""


def test_several_environments_are_one_run(checkout: Checkout) -> None:
    checkout.scons()
    before = checkout.modules()
    (checkout.path / "SConstruct.several").write_text(SEVERAL_ENVIRONMENTS)
    checkout.scons("-f", "SConstruct.several")
    assert checkout.ran() == []
    lines = checkout.scons("-Q", "-f", "SConstruct.several", "why", "NEXT=1").stdout.splitlines()
    assert [line.partition(" ")[0] for line in lines if line.endswith(f"({checkout.target.name})")] == list(MODULES)
    (checkout.target / "modules/rust_minimal/rust_minimal.ko").unlink()
    checkout.scons("-f", "SConstruct.several", "rust_minimal")
    assert checkout.modules() == before


def test_several_environments_where_nothing_was_built(other_checkout: Checkout) -> None:
    (other_checkout.path / "SConstruct.several").write_text(SEVERAL_ENVIRONMENTS)
    assert other_checkout.scons("-Q", "-s", "-c", "-f", "SConstruct.several").stdout == ""


def test_modules_of_other_directories_are_an_error(checkout: Checkout) -> None:
    text = (checkout.path / "SConstruct").read_text()
    (checkout.path / "SConstruct.other").write_text(f'{text}env.KmodManifests("modules")\nenv.KmodManifests("other")\n')
    done = checkout.scons("-f", "SConstruct.other", check=False)
    assert done.returncode == 2
    assert f"user error: KmodManifests: {checkout.path}/other: an earlier call took the modules of" in done.stderr
    assert "Traceback" not in done.stderr
