from __future__ import annotations

import json
from typing import Any

import pytest

from proxy.auth.schemes.oauth2.discovery import find_endpoints, metadata_urls, secure
from proxy.auth.token import Consent, IssuerReply
from proxy.errors import FailureClass, IssuerError

ISSUER = "https://issuer.example.com/t1"
GOOD = {"issuer": ISSUER, "token_endpoint": "https://login.example.com/token"}


def play(
    *replies: tuple[int, Any], issuer: str = ISSUER, headers: dict[str, str] | None = None
) -> tuple[list[str], str]:
    """The URLs that were asked for, and the endpoint."""
    flow, urls = find_endpoints(issuer, 0.0, None, Consent.of(issuer), metadata_urls), []
    request = next(flow)
    for status, document in replies:
        urls.append(request.url)
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        try:
            request = flow.send(IssuerReply(status, headers or {}, body))
        except StopIteration as stop:
            return urls, stop.value.token
    pytest.fail("it asks for more")


def failing(*replies: tuple[int, Any], **more: Any) -> IssuerError:
    with pytest.raises(IssuerError) as caught:
        play(*replies, **more)
    return caught.value


@pytest.mark.parametrize(
    ("issuer", "urls"),
    [
        (
            "https://a.example",
            (
                "https://a.example/.well-known/openid-configuration",
                "https://a.example/.well-known/oauth-authorization-server",
            ),
        ),
        (
            "https://a.example:8443/t/1/",
            (
                "https://a.example:8443/t/1/.well-known/openid-configuration",
                "https://a.example:8443/.well-known/oauth-authorization-server/t/1",
            ),
        ),
    ],
)
def test_where_metadata_is_looked_for(issuer: str, urls: tuple[str, str]) -> None:
    assert metadata_urls(issuer) == urls


def test_the_first_place_is_enough() -> None:
    assert play((200, GOOD)) == ([metadata_urls(ISSUER)[0]], GOOD["token_endpoint"])


@pytest.mark.parametrize("first", [(404, b""), (302, b""), (200, b"<html>"), (200, []), (200, {"issuer": ISSUER})])
def test_the_second_place_is_asked_when_the_first_has_nothing(first: tuple[int, Any]) -> None:
    assert play(first, (200, GOOD)) == (list(metadata_urls(ISSUER)), GOOD["token_endpoint"])


def test_nothing_in_either_place() -> None:
    error = failing((404, b""), (404, b""))
    assert error.failure is FailureClass.CREDENTIAL
    assert "token_url" in (error.hint or "")


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_an_issuer_that_is_down_is_asked_again_later(status: int) -> None:
    error = failing((status, GOOD), headers={"retry-after": "9"})
    assert (error.failure, error.again, error.retry_after) == (FailureClass.PASSING, True, 9.0)


def test_a_slash_at_the_end_is_no_difference() -> None:
    assert play((200, {**GOOD, "issuer": ISSUER + "/"}))[1] == GOOD["token_endpoint"]
    assert play((200, GOOD), issuer=ISSUER + "/")[1] == GOOD["token_endpoint"]


@pytest.mark.parametrize("named", ["https://evil.example", ISSUER + "2", None, 5, ["x"], "a\r\nb"])
def test_metadata_of_another_issuer_is_not_believed(named: Any) -> None:
    error = failing((200, {**GOOD, "issuer": named}))
    assert error.failure is FailureClass.CREDENTIAL
    assert "another issuer" in error.message
    assert error.message.isprintable()


@pytest.mark.parametrize(
    "endpoint",
    ["http://issuer.example.com/token", "/token", "", None, 5, "ftp://a/", "https://u:p@a.example/", "https://"],
)
def test_the_secret_is_sent_to_no_insecure_endpoint(endpoint: Any) -> None:
    assert failing((200, {**GOOD, "token_endpoint": endpoint})).failure is FailureClass.CREDENTIAL


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/x", True),
        ("http://127.0.0.1:8080/x", True),
        ("http://[::1]:8080/x", True),
        ("http://localhost/x", True),
        ("http://issuer.localhost/x", False),
        ("http://localhost.evil.example/x", False),
        ("http://10.0.0.1/x", False),
        ("https://a.example/x y", False),
        ("https://a.example/x\r\n", False),
        ("https://[bad", False),
    ],
)
def test_secure(url: str, expected: bool) -> None:
    assert secure(url) is expected
