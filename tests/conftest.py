# SPDX-License-Identifier: MIT
"""Options for long runs, and real builds in a checkout of their own."""

from __future__ import annotations

import pytest

from checkout import Checkout

pytest_plugins = ("scons_kmod.vm.pytest_plugin",)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kill-rounds",
        type=int,
        default=10,
        metavar="N",
        help="how many builds the test of killed builds kills",
    )
    parser.addoption(
        "--after-each-row",
        action="store_true",
        help="compare with a build from nothing after each row of the table of edits: ten minutes",
    )


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout with everything built for the default target; each test leaves it as it was."""
    checkout = Checkout(tmp_path_factory.mktemp("checkout"))
    checkout.scons()
    return checkout


@pytest.fixture
def other_checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Another checkout, in another directory, nothing built yet."""
    return Checkout(tmp_path_factory.mktemp("another-place-for-the-same-sources"))
