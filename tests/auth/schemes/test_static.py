from __future__ import annotations

import math
from typing import Any

import pytest

from proxy.auth.schemes.static import StaticProvider, StaticScheme
from proxy.auth.token import Minted
from proxy.values.now import Now


def scheme(**written: Any) -> StaticScheme:
    return StaticScheme.compile(StaticProvider(scheme="static", **written), frozenset())


def test_a_token_is_the_credential() -> None:
    made = scheme(token="abc")
    assert (made.credential, made.basic) == ("abc", None)


def test_a_pair_is_the_credential_in_base64() -> None:
    """The example of RFC 7617 §2.1, in UTF-8."""
    made = scheme(username="test", password="123£")
    assert made.credential == made.basic == "dGVzdDoxMjPCow=="


def test_trap_06_another_credential_is_another_cell() -> None:
    made = [scheme(token="a"), scheme(token="b"), scheme(username="a", password="b"), scheme(username="a", password="")]
    assert len({each.identity for each in made}) == 4
    assert scheme(token="a").identity == scheme(token="a").identity


def test_nothing_is_sent_for_it() -> None:
    with pytest.raises(StopIteration) as stop:
        next(scheme(token="a").login(0.0, None))
    assert stop.value.value == Minted("a", math.inf)


@pytest.mark.parametrize(
    ("written", "credential", "kind"),
    [({"token": "a"}, "a", "Bearer"), ({"username": "u", "password": "p"}, "dTpw", "Basic")],
)
def test_its_token_is_there_from_the_start_and_for_ever(written: Any, credential: str, kind: str) -> None:
    made = scheme(**written)
    token = made.start(Now(1.0, 2.0))
    assert (token.value, token.left(Now(1e9, 1e9)), made.token_type(token)) == (credential, math.inf, kind)


@pytest.mark.parametrize(
    ("written", "name", "problem"),
    [
        ({"token": "a"}, "token", None),
        ({"token": "a"}, "basic", "{basic} needs"),
        ({"token": "a"}, "reply.a", "no reply"),
        ({"username": "u", "password": "p"}, "basic", None),
        ({"username": "u", "password": "p"}, "token", "{token} needs a token"),
    ],
)
def test_what_its_templates_may_ask_for(written: Any, name: str, problem: str | None) -> None:
    found = StaticProvider.model_validate({"scheme": "static"} | written).unfilled(name)
    assert found is None if problem is None else problem in (found or "")


@pytest.mark.parametrize(
    ("provider", "header"),
    [
        ({"token": "t"}, {"Authorization": "Bearer {token}"}),
        ({"username": "u", "password": "p"}, {"Authorization": "Basic {basic}"}),
        ({"username": "u", "password": "p", "inject": {"header": {"X": "{basic}"}}}, {"X": "{basic}"}),
        ({"username": "u", "password": "p", "inject": {"query": {"b": "{basic}"}}}, {}),
    ],
)
def test_effective_inject(provider: dict[str, object], header: dict[str, str]) -> None:
    found = StaticProvider.model_validate({"scheme": "static"} | provider)
    assert found.effective_inject.header == header


def test_its_repr_is_empty_of_secrets() -> None:
    assert "s3cr3t" not in repr(scheme(token="s3cr3t"))
