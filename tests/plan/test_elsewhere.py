"""Other hosts of a route: which there are, and what goes to them."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.plan.route import RoutePlan
from tests.plan.test_compile import SECRET, compiled, route_of

HOSTS = [
    {"host": "files.test", "credential": True},
    {"host": "*.cdn.test", "credential": False},
    {"host": "*.safe.cdn.test", "credential": True},
    {"host": "open.safe.cdn.test", "credential": False},
]
PROVIDER = {"scheme": "static", "token": SECRET, "hosts": HOSTS}


def other(host: bytes, **route: Any) -> RoutePlan | None:
    plan = route_of(compiled({"hosts": True, **route}, PROVIDER))
    assert plan.elsewhere is not None
    return plan.elsewhere(host)


@pytest.mark.parametrize(
    ("host", "credential"),
    [
        (b"files.test", True),
        (b"FILES.test", True),
        (b"a.cdn.test", False),
        (b"a.b.cdn.test", False),
        (b"a.safe.cdn.test", True),
        (b"open.safe.cdn.test", False),
    ],
)
def test_a_named_host(host: bytes, credential: bool) -> None:
    plan = other(host)
    assert plan is not None
    assert plan.target.origin[:3] == (True, host.lower().decode(), 443)
    assert (plan.target.whole, plan.target.query) == (b"/", b"")
    assert (plan.placing is not None) is (plan.provider is not None) is credential


@pytest.mark.parametrize(
    "host",
    [
        *(
            b"evil.test",
            b"cdn.test",
            b".cdn.test",
            b"evil-files.test",
            b"files.test.",
            b"files.test:8443",
            b"a@files.test",
        ),
        *(
            b"files.test%2e",
            b"",
            b"..cdn.test",
            b"-a.cdn.test",
            b"a\xffb.cdn.test",
            b"x" * 250 + b".cdn.test",
            b"[::1]",
        ),
    ],
)
def test_any_other(host: bytes) -> None:
    assert other(host) is None


def test_what_the_config_sends_goes_only_where_the_credential_goes() -> None:
    route = {"headers": {"set": {"X-Key": SECRET}}, "methods": ["GET"], "private": True, "keep_prefix": True}
    files, cdn = other(b"files.test", **route), other(b"a.cdn.test", **route)
    assert files is not None
    assert cdn is not None
    assert SECRET.encode() in files.set_headers
    assert SECRET not in repr(cdn)
    assert cdn.set_headers == b""
    for plan in (files, cdn):
        assert (plan.methods, plan.target.origin.private, plan.keep_prefix) == (frozenset(("GET", "HEAD")), True, False)
        assert plan.elsewhere is None


def test_where_urls_are_rewritten_they_lead_somewhere() -> None:
    plan = route_of(compiled({"rewrite": "json", "headers": {"set": {"X-Key": SECRET}}}, PROVIDER))
    assert plan.elsewhere is not None
    cdn = plan.elsewhere(b"a.cdn.test")
    assert cdn is not None
    assert cdn.rewrite is plan.rewrite is not None
    assert cdn.set_headers == b"Accept-Encoding: identity\r\n"


def test_beside_an_upstream_in_the_clear_they_are_asked_over_tls() -> None:
    """A stand-in on this machine names the vendor's other hosts as the vendor does."""
    plan = route_of(compiled({"rewrite": "json", "upstream": "http://127.0.0.1:9"}, PROVIDER))
    assert plan.elsewhere is not None
    files = plan.elsewhere(b"files.test")
    assert files is not None
    assert files.target.origin[:3] == (True, "files.test", 443)
    assert plan.rewrite is not None
    found = plan.rewrite.begin(200, [(b"Content-Type", b"application/json")], b"http://localhost:8080")
    assert found is not None
    body = b'["https://files.test/x","http://files.test:9/x","https://a.cdn.test/x","http://127.0.0.1:9/x"]'
    assert found.text.feed(body) == (
        b'["http://localhost:8080/api/~files.test/x","http://files.test:9/x",'
        b'"http://localhost:8080/api/~a.cdn.test/x","http://localhost:8080/api/x"]'
    )


@pytest.mark.parametrize(
    ("route", "provider"),
    [
        ({}, PROVIDER),
        ({"hosts": True}, None),
        ({"hosts": True, "provider": "none"}, PROVIDER),
        ({"hosts": True, "upstream": "http://127.0.0.1:1"}, PROVIDER),
    ],
    ids=["not asked for", "none named", "no provider", "in the clear"],
)
def test_where_there_is_none(route: dict[str, Any], provider: dict[str, Any] | None) -> None:
    assert route_of(compiled(route, provider)).elsewhere is None
