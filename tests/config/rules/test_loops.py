"""An upstream that is one of the proxy's own listeners."""

from __future__ import annotations

import pytest

from proxy.config.model import Config
from proxy.config.rules.loops import check_loops


@pytest.mark.parametrize(
    ("listen", "upstream", "loops"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080/x", True),
        ("127.0.0.1:8080", "http://localhost:8080", True),
        ("127.0.0.1:8080", "https://LOCALHOST:8080", True),
        ("localhost:8080", "http://127.0.0.1:8080", True),
        ("[::1]:8080", "http://[::1]:8080", True),
        ("[::1]:8080", "http://localhost:8080", True),
        ("0.0.0.0:8080", "http://127.0.0.7:8080", True),
        ("[::]:8080", "http://localhost:8080", True),
        ("proxy.test:8080", "http://proxy.test:8080", True),
        ("0.0.0.0:80", "http://localhost/", True),
        ("0.0.0.0:443", "https://localhost/", True),
        ("https://127.0.0.1:8443", "https://localhost:8443", True),
        ("127.0.0.1:8080", "http://127.0.0.1:8081", False),
        ("127.0.0.1:8080", "http://127.0.0.2:8080", False),
        ("0.0.0.0:8080", "http://api.test:8080", False),
        ("0.0.0.0:443", "https://api.test", False),
        ("127.0.0.1:0", "http://127.0.0.1:80", False),
        ("unix:/run/k.sock", "http://127.0.0.1:80", False),
        ("no address", "http://127.0.0.1:80", False),
    ],
)
def test_a_loop_is_told_as_far_as_spelling_tells(listen: str, upstream: str, loops: bool) -> None:
    routes = {"/a": {"upstream": upstream, "provider": "none"}}
    config = Config.model_validate({"listen": ["127.0.0.1:9", listen], "routes": routes})
    assert [finding.where for finding in check_loops(config)] == [("routes", "/a", "upstream")] * loops


def test_a_routes_own_address_is_one_of_them() -> None:
    routes = {
        "/a": {"upstream": "http://127.0.0.1:8091", "provider": "none"},
        "/b": {"upstream": "https://api.example.com", "provider": "none", "listen": "127.0.0.1:8091"},
    }
    config = Config.model_validate({"routes": routes})
    assert [finding.where for finding in check_loops(config)] == [("routes", "/a", "upstream")]
