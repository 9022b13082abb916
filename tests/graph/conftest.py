# SPDX-License-Identifier: MIT
"""Real builds in a checkout of their own."""

from __future__ import annotations

import pytest

from checkout import Checkout


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout with everything built for the default target; each test leaves it as it was."""
    made = Checkout(tmp_path_factory.mktemp("checkout"))
    made.scons()
    return made


@pytest.fixture
def other_checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Another checkout, in another directory, nothing built yet."""
    return Checkout(tmp_path_factory.mktemp("another-place-for-the-same-sources"))
