"""Which client a token makes its bearer, at the very edges of time and type."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.jwks import Jwt
from proxy.config.model import Client
from proxy.plan.admission.clients import Clients
from proxy.plan.admission.jwt_clients import LEEWAY, Judged, JwtRule, compile_rules, judge, rules_of

ISSUER = "https://login.example.com"
GOOD = {"iss": ISSUER, "aud": "us", "exp": 1000, "sub": "someone"}


def rules(**jwt: Any) -> tuple[JwtRule, ...]:
    clients = [
        Client.model_validate({"name": "key", "key": "k" * 16}),
        Client.model_validate({"name": "team", "jwt": {"issuer": ISSUER, "audience": "us"} | jwt}),
    ]
    return compile_rules(clients, Clients(clients).plans)


def token(typ: Any = None, **claims: Any) -> Jwt:
    return Jwt("", "ES256", None, typ, {name: value for name, value in (GOOD | claims).items() if value != "left out"})


def judged(jwt: Jwt, wall: float = 900.0, **rule: Any) -> Judged | str:
    try:
        return judge(jwt, rules(**rule), wall)
    except ValueError as error:
        return str(error)


EXPIRED, EARLY, ENDLESS = "the token has expired", "the token is not valid yet", "the token has no time of expiry"


@pytest.mark.parametrize(
    ("claims", "wall", "told"),
    [
        ({}, 1000 + LEEWAY - 0.001, None),
        ({}, 1000 + LEEWAY, EXPIRED),
        ({"exp": 1000.5}, 1000 + LEEWAY, None),
        ({"nbf": 900 + LEEWAY}, 900, None),
        ({"nbf": 900 + LEEWAY + 0.001}, 900, EARLY),
        ({"nbf": "800"}, 900, EARLY),
        ({"nbf": None}, 900, None),
        *(({"exp": odd}, 900, ENDLESS) for odd in ("left out", None, "1000", True, [1000], float("inf"), float("nan"))),
        ({"exp": 10**400}, 900, ENDLESS),
    ],
)
def test_time(claims: dict[str, Any], wall: float, told: str | None) -> None:
    found = judged(token(**claims), wall)
    assert isinstance(found, Judged) if told is None else found == told


def test_it_holds_until_it_expires() -> None:
    found = judged(token())
    assert isinstance(found, Judged)
    assert (found.client.name, found.who, found.until) == ("team", "someone", 1000 + LEEWAY)


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
def test_types_of_access_tokens(typ: Any) -> None:
    assert isinstance(judged(token(typ)), Judged)


@pytest.mark.parametrize("typ", ["dpop+jwt", "logout+jwt", "secevent+jwt", "oauth-authz-req+jwt", "", 1, ["JWT"]])
def test_other_types(typ: Any) -> None:
    assert judged(token(typ)) == "the token is of a type that is no access token"


@pytest.mark.parametrize(
    ("aud", "good"),
    [("us", True), (["them", "us"], True), ("us them", False), ([], False), (None, False), ({"us": 1}, False)],
)
def test_audience(aud: Any, good: bool) -> None:
    assert isinstance(judged(token(aud=aud)), Judged) is good
    assert isinstance(judged(token(aud=aud), audience=["other", "us"]), Judged) is good


@pytest.mark.parametrize(
    ("wanted", "claims", "good"),
    [
        ({"level": 3}, {"level": "3"}, True),
        ({"level": 3}, {"level": 3.0}, True),
        ({"admin": True}, {"admin": True}, True),
        ({"admin": True}, {"admin": "yes"}, False),
        ({"https://example.com/roles": ["a", "b"]}, {"https://example.com/roles": ["b"]}, True),
        ({"realm.roles": "a"}, {"realm": {"roles": ["a"]}}, True),
        ({"realm.roles": "a"}, {"realm": ["roles"]}, False),
        ({"a.b": "x"}, {"a.b": "x", "a": {"b": "y"}}, True),
        ({"scope": "read"}, {"scope": "write read"}, True),
        ({"scp": "read"}, {"scp": ["write", "read"]}, True),
        ({"groups": "read"}, {"groups": "write read"}, False),
        ({"a": "x", "b": "y"}, {"a": "x"}, False),
        ({"a": "x"}, {"a": None}, False),
    ],
)
def test_claims(wanted: dict[str, Any], claims: dict[str, Any], good: bool) -> None:
    assert isinstance(judged(token(**claims), claims=wanted), Judged) is good


@pytest.mark.parametrize(
    ("iss", "found"), [(ISSUER, 1), (f"{ISSUER}/", 1), (f"{ISSUER}.evil.test", 0), (None, 0), ([ISSUER], 0)]
)
def test_whose_rules(iss: Any, found: int) -> None:
    assert len(rules_of(token(iss=iss), rules())) == found


@pytest.mark.parametrize(
    ("claims", "who"),
    [
        ({"sub": "left out", "client_id": "app"}, "app"),
        ({"sub": "left out", "azp": "app"}, "app"),
        ({"sub": "left out"}, ""),
        ({"sub": 1}, ""),
        ({"sub": "a\nb"}, "'a\\nb'"),
        ({"sub": "x" * 300}, "x" * 80),
    ],
)
def test_who_it_is_for_the_log(claims: dict[str, Any], who: str) -> None:
    found = judged(token(**claims))
    assert isinstance(found, Judged)
    assert found.who == who


ANY = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["us", "a", ""]), inner, max_size=3),
    max_leaves=6,
)


@given(ANY, st.dictionaries(st.sampled_from(["iss", "aud", "exp", "nbf", "sub", "a"]), ANY))
def test_nothing_in_a_token_breaks_it(typ: Any, claims: dict[str, Any]) -> None:
    jwt = Jwt("", "ES256", None, typ, claims)
    rules_of(jwt, rules())
    found = judged(jwt, claims={"a.a": "x"})
    assert isinstance(found, Judged) or found.startswith("the token")
