"""Which scopes a token is known to have, and what a route misses in it."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.auth.scope import RequiredScope, granted, lacking, ungranted
from proxy.auth.token import Token
from proxy.values.now import Now
from tests.auth.reading.test_lifetime import jwt

NOW = Now(0.0, 0.0)


def token(value: str = "opaque", scope: str | None = None) -> Token:
    return Token(1, value, NOW, Now(60.0, 60.0), 10.0, 5.0, scope=scope)


@pytest.mark.parametrize(
    ("value", "scope", "known"),
    [
        ("opaque", None, None),
        ("opaque", "read write", {"read", "write"}),
        ("opaque", "repo,gist", {"repo", "gist"}),
        ("opaque", "", set()),
        (jwt({"scope": "read write"}), None, {"read", "write"}),
        (jwt({"scp": "read write"}), None, {"read", "write"}),
        (jwt({"scp": ["read", "write"]}), None, {"read", "write"}),
        (jwt({"scope": "read", "scp": ["write"]}), None, {"read"}),
        (jwt({"scope": 5, "scp": ["write", 5, None]}), None, {"write"}),
        (jwt({"scope": "read"}), "write", {"write"}),
        (jwt({}), None, None),
        (jwt({"scope": None}), None, None),
        (jwt({"scope": {"read": True}}), None, None),
        (jwt(["scope"]), None, None),
        ("a.b.c", None, None),
    ],
)
def test_what_is_known(value: str, scope: str | None, known: Any) -> None:
    assert granted(token(value, scope)) == (None if known is None else frozenset(known))


def test_what_is_missing_comes_in_the_order_of_the_config() -> None:
    assert lacking(["z", "read", "a"], frozenset(("read",))) == ("z", "a")
    assert lacking(["z"], None) == ()


def test_the_verdict_is_of_this_token_and_not_the_last() -> None:
    required = RequiredScope(["read", "write", "read"])
    poor, rich, unknown = token(scope="read"), token(scope="write read more"), token()
    assert [required.missing(each) for each in (poor, poor, rich, unknown, poor)] == [
        ("write",),
        ("write",),
        (),
        (),
        ("write",),
    ]


@pytest.mark.parametrize(
    ("asked", "said", "lacks"),
    [
        ("read write", "read", ("write",)),
        ("read write", "write read more", ()),
        ("read write", "read,write", ()),
        ("read write", None, ()),
        (None, "read", ()),
        ("openid email offline_access read", "read", ()),
        ("b a", "c", ("a", "b")),
    ],
)
def test_what_was_asked_for_and_not_granted(asked: str | None, said: str | None, lacks: tuple[str, ...]) -> None:
    assert ungranted(asked, said) == lacks
