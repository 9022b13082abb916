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
