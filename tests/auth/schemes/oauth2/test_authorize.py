from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.schemes.oauth2.authorize import Attempt, Code, Denied, Foreign, authorization_url, challenge, judge
from proxy.auth.schemes.oauth2.discovery import Endpoints
from proxy.auth.schemes.oauth2.keys import OAuth2Provider
from proxy.errors import IssuerError

ATTEMPT = Attempt("http://127.0.0.1:1234/callback", "the-state", "the-verifier")
ISSUER = "https://issuer.example.com"
SILENT = Endpoints("https://issuer.example.com/token")
KNOWN = SILENT._replace(issuer=ISSUER)
ANNOUNCED = KNOWN._replace(announces_itself=True)


def provider(**more: Any) -> OAuth2Provider:
    written = {
        "scheme": "oauth2",
        "grant": "authorization_code",
        "issuer": ISSUER,
        "client_id": "id",
        "client_auth": "none",
    }
    return OAuth2Provider.model_validate(written | more)


def test_the_challenge_of_rfc_7636() -> None:
    assert challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_attempts_are_unlike() -> None:
    made = [Attempt.new("http://127.0.0.1:1/callback") for _ in range(50)]
    assert len({each.state for each in made}) == len({each.verifier for each in made}) == 50
    assert all(43 <= len(each.verifier) <= 128 for each in made)  # RFC 7636 §4.1
    assert made[0].verifier not in repr(made[0])


def test_the_url() -> None:
    asked = provider(scope=["a", "b"], audience="api", authorization_params={"prompt": "consent", "n": 1})
    url = authorization_url(asked, SILENT._replace(authorization="https://a.example/auth?tenant=t#x"), ATTEMPT)
    assert urlsplit(url)._replace(query="").geturl() == "https://a.example/auth"
    assert dict(parse_qsl(urlsplit(url).query)) == {
        "tenant": "t",
        "response_type": "code",
        "client_id": "id",
        "redirect_uri": "http://127.0.0.1:1234/callback",
        "state": "the-state",
        "code_challenge": challenge("the-verifier"),
        "code_challenge_method": "S256",
        "scope": "a b",
        "audience": "api",
        "prompt": "consent",
        "n": "1",
    }
    assert "the-verifier" not in url


def test_nowhere_to_log_in() -> None:
    with pytest.raises(IssuerError, match="no authorization endpoint"):
        authorization_url(provider(), SILENT, ATTEMPT)


@pytest.mark.parametrize(
    ("query", "endpoints", "expected"),
    [
        ({"state": "the-state", "code": "c"}, SILENT, Code("c")),
        ({"state": "the-state", "code": "c", "iss": "https://other.example"}, SILENT, Code("c")),
        ({"state": "the-state", "code": "c"}, KNOWN, Code("c")),
        ({"state": "the-state", "code": "c", "iss": ISSUER}, KNOWN, Code("c")),
        ({"state": "the-state", "code": "c", "iss": ISSUER}, ANNOUNCED, Code("c")),
        ({"state": "the-state", "code": "c", "iss": ISSUER + "/"}, ANNOUNCED, Foreign),
        ({"state": "the-state", "code": "c", "iss": "https://other.example"}, KNOWN, Foreign),
        ({"state": "the-state", "code": "c"}, ANNOUNCED, Foreign),
        ({"state": "the-state", "error": "access_denied"}, ANNOUNCED, Denied("access_denied", "access_denied", False)),
        ({"state": "the-state", "error": "access_denied", "iss": ISSUER}, ANNOUNCED, Denied(*["access_denied"] * 2)),
        ({"state": "the-state", "error": "access_denied", "iss": "https://other.example"}, ANNOUNCED, Foreign),
        ({"state": "other", "error": "access_denied"}, ANNOUNCED, Foreign),
        ({"state": "the-state", "error": "access_denied"}, KNOWN, Denied("access_denied", "access_denied")),
        ({"state": "the-state", "error": "e", "error_description": "a\x1b[1mb"}, KNOWN, Denied("e", "a [1mb")),
        ({"state": "the-state", "error": "e", "code": "c"}, KNOWN, Denied("e", "e")),
        ({"state": "THE-STATE", "code": "c"}, KNOWN, Foreign),
        ({"state": "the-state2", "error": "e"}, KNOWN, Foreign),
        ({"code": "c"}, KNOWN, Foreign),
        ({"state": "the-state"}, KNOWN, Foreign),
        ({"state": "the-state", "code": "c" * 4097}, KNOWN, Foreign),
        ({}, KNOWN, Foreign),
    ],
)
def test_callbacks(query: dict[str, str], endpoints: Endpoints, expected: Any) -> None:
    verdict = judge(list(query.items()), ATTEMPT, endpoints)
    assert isinstance(verdict, Foreign) if expected is Foreign else verdict == expected


@given(st.lists(st.tuples(st.sampled_from(["state", "code", "iss", "error", "x"]), st.text())))
def test_nothing_but_our_state_counts(query: list[tuple[str, str]]) -> None:
    verdict = judge(query, ATTEMPT, ANNOUNCED)
    assert isinstance(verdict, Foreign) or ("state", "the-state") in query
