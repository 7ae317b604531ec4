from __future__ import annotations

from typing import Any

import pytest

from proxy.auth.keys.check import check_provider
from proxy.auth.placing.challenged import Challenged
from proxy.auth.schemes.http_digest import HttpDigestProvider, HttpDigestScheme
from proxy.values.now import Now


def provider(**written: Any) -> HttpDigestProvider:
    return HttpDigestProvider.model_validate({"scheme": "http_digest", "username": "u", "password": "p"} | written)


def test_it_is_there_from_the_start_and_for_ever() -> None:
    scheme = HttpDigestScheme.compile(provider(password="ä"), frozenset())
    token = scheme.start(Now(0.0, 0.0))
    assert (token.value, scheme.token_type(token)) == ("ä", "Digest")
    assert scheme.placing(provider().effective_inject, ()) == Challenged("u", "ä".encode().decode("latin-1"))
    assert "ä" not in repr(scheme)


def test_another_name_or_password_is_another_credential() -> None:
    identities = {
        HttpDigestScheme.compile(provider(**more), frozenset()).identity
        for more in ({}, {"username": "v"}, {"password": "q"}, {"username": "p", "password": "u"})
    }
    assert len(identities) == 4


@pytest.mark.parametrize(
    ("written", "where"),
    [
        ({}, []),
        ({"dead": [{"status": [401], "body": ["locked"]}]}, []),
        ({"username": "a:b"}, ["username"]),
        ({"username": ""}, ["username"]),
        ({"password": "a\n"}, ["password"]),
        ({"inject": {"header": {"X": "{token}"}}}, ["inject"]),
        ({"refused": [{"status": [401]}], "dead": [{"status": [401]}]}, ["dead"]),
    ],
)
def test_mistakes(written: dict[str, Any], where: list[str]) -> None:
    assert [str(finding.where[0]) for finding in check_provider((), provider(**written))] == where


def test_a_401_is_its_death_unless_said_otherwise() -> None:
    assert [rule.status for rule in provider().effective_dead] == [[401]]
    assert provider(dead=[]).effective_dead == []
    assert provider().effective_refusals == []
