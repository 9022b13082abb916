# SPDX-License-Identifier: MIT
"""Options that `scons test` hands to pytest."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--vm-plan",
        action="append",
        default=[],
        metavar="FILE",
        help="run the VM tests of the target that this file describes (`scons test` writes it)",
    )
    parser.addoption(
        "--kill-rounds",
        type=int,
        default=10,
        metavar="N",
        help="how many builds the test of killed builds kills",
    )


# Before xdist looks for the groups.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a build run in one process, one after the other; so do those of one file."""
    for item in items:
        shared = "checkout" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("checkout" if shared else item.path.stem))
