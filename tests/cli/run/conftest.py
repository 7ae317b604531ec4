"""What all who run the proxy beside an issuer need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.conftest import control


@pytest.fixture
def issuer(sandbox: str) -> Iterator[str]:
    """The sandbox as it begins; its tokens outlive a test."""
    control(sandbox, "reset")
    control(sandbox, "set", lifetime=3600)
    yield sandbox
    control(sandbox, "reset")
