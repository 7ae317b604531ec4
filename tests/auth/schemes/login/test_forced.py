"""Where an issuer hands out the refused token again: the request that asks for another."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from proxy.auth.schemes.login.scheme import LoginScheme
from proxy.auth.token import IssuerRequest
from tests.auth.schemes.login.test_steps import provider, scheme

URL = "https://issuer.example.com/token"


def asked(made: LoginScheme) -> IssuerRequest:
    request = next(made.login(0.0, None))
    assert isinstance(request, IssuerRequest)
    return request


def forced(request: dict[str, Any], **over: Any) -> IssuerRequest:
    other = scheme(request={"url": URL} | request, refresh={"forced": over}).forced
    assert other is not None
    assert other.forced is None
    return asked(other)


@pytest.mark.parametrize(
    ("request_", "over", "body"),
    [
        ({"json": {"a": 1, "force": False}}, {"json": {"force": True}}, b'{"a": 1, "force": true}'),
        ({"json": {"a": 1}}, {"json": {"force": True}}, b'{"a": 1, "force": true}'),
        ({"form": {"a": 1, "new": "0"}}, {"form": {"new": "1"}}, b"a=1&new=1"),
        ({"json": {"a": 1}}, {"query": {"b": 2}}, b'{"a": 1}'),
    ],
)
def test_it_says_what_the_other_does_not(request_: dict[str, Any], over: dict[str, Any], body: bytes) -> None:
    request = forced(request_, **over)
    assert (request.url, request.body) == (URL + ("?b=2" if "query" in over else ""), body)


def test_a_query_is_written_over_by_name() -> None:
    assert forced({"query": {"a": 1, "b": 1}}, query={"b": 2, "c": 3}).url == f"{URL}?a=1&b=2&c=3"


def test_the_usual_request_stays_as_it_was() -> None:
    made = scheme(request={"url": URL, "json": {"force": False}}, refresh={"forced": {"json": {"force": True}}})
    assert asked(made).body == b'{"force": false}'


def test_it_makes_no_other_cell() -> None:
    plain = {"request": {"url": URL, "json": {}}}
    assert scheme(**plain, refresh={"forced": {"json": {"f": 1}}}).identity == scheme(**plain).identity
    assert scheme(**plain).forced is None


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ({"request": {"url": URL}, "refresh": {"forced": {}}}, "says nothing"),
        ({"request": {"url": URL}, "refresh": {"forced": {"json": {"f": 1}}}}, r"needs request\.json"),
        ({"request": {"url": URL, "json": [1]}, "refresh": {"forced": {"json": {"f": 1}}}}, r"needs request\.json"),
        ({"request": {"url": URL, "json": {}}, "refresh": {"forced": {"form": {"f": 1}}}}, r"needs request\.form"),
        ({"steps": [{"request": {"url": URL}}], "refresh": {"forced": {"query": {"f": 1}}}}, "with `request`"),
        (
            {"request": {"url": URL}, "refresh": {"request": {"url": URL}, "forced": {"query": {"f": 1}}}},
            "none in refresh",
        ),
        ({"request": {"url": URL}, "refresh": {"forced": {"headers": {"f": "1"}}}}, "headers"),
    ],
)
def test_what_cannot_be_said(written: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        provider(**written)
