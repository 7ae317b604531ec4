"""Which keys of `scheme: mcp` go together."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.auth.schemes.mcp.world import provider


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"client_secret": "s"}, "go with client_id"),
        ({"client_auth": "none"}, "go with client_id"),
        ({"client_id": "c", "client_metadata": "https://a.example/c"}, "either client_id or client_metadata"),
        ({"client_id": "c", "client_auth": "post"}, "needs client_secret"),
        ({"url": "mcp.example.com"}, "url"),
        ({"redirect_port": 70000}, "redirect_port"),
    ],
)
def test_what_does_not_fit(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        provider(**written)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ({"url": "http://mcp.example.com/mcp"}, "url"),
        ({"client_metadata": "http://example.com/c.json"}, "client_metadata"),
    ],
)
def test_plain_http_is_told(written: dict[str, Any], key: str) -> None:
    assert [finding.where[-1] for finding in provider(**written).check(())] == [key]


@pytest.mark.parametrize("url", ["https://mcp.example.com/mcp", "http://127.0.0.1:9/mcp"])
def test_https_and_this_machine_are_fine(url: str) -> None:
    assert list(provider(url=url).check(())) == []
