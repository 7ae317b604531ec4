"""The keys of a route that may be written in more than one way."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from proxy.config.model import Cache


@pytest.mark.parametrize(
    ("written", "ttl", "methods"),
    [
        ("60s", 60.0, ["GET", "HEAD"]),
        ("5m", 300.0, ["GET", "HEAD"]),
        (30, 30.0, ["GET", "HEAD"]),
        ({}, 60.0, ["GET", "HEAD"]),
        ({"methods": ["POST"]}, 60.0, ["POST"]),
        ({"ttl": "1h", "methods": ["GET", "POST"]}, 3600.0, ["GET", "POST", "HEAD"]),
        ({"methods": ["HEAD"]}, 60.0, ["HEAD"]),
    ],
)
def test_a_cache(written: Any, ttl: float, methods: list[str]) -> None:
    assert Cache.model_validate(written) == Cache(ttl=ttl, methods=methods)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "written", ["soon", "0s", -1, True, ["60s"], {"methods": ["PUT"]}, {"methods": "GET"}, {"for": "60s"}]
)
def test_what_is_no_cache(written: Any) -> None:
    with pytest.raises(ValidationError):
        Cache.model_validate(written)
