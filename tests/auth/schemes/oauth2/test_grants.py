"""Every grant's form, as it leaves; JWTs are verified as an issuer would."""

from __future__ import annotations

import warnings
from typing import Any, get_args
from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from proxy.auth.schemes.oauth2.grants import GRANTS
from proxy.auth.schemes.oauth2.keys import OAuth2Provider
from proxy.auth.schemes.oauth2.scheme import OAuth2Scheme
from proxy.auth.token import IssuerReply
from proxy.errors import FailureClass, IssuerError

URL = "https://issuer.example.com/token"
RSA, EC, ED = RSAKey.generate_key(2048), ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519")
WALL = 1_700_000_000.75


def pem(key: Any) -> str:
    return str(key.as_pem(private=True).decode())


def scheme(**written: Any) -> OAuth2Scheme:
    provider = {"scheme": "oauth2", "token_url": URL, "client_id": "id", "client_auth": "none", **written}
    return OAuth2Scheme.compile(OAuth2Provider.model_validate(provider), frozenset())


def form(made: OAuth2Scheme, refresh_token: str | None = None) -> dict[str, str]:
    request = next(made.login(WALL, refresh_token))
    assert request.body is not None
    return {name: values[0] for name, values in parse_qs(request.body.decode(), strict_parsing=True).items()}


def test_the_table_has_the_models_grants() -> None:
    assert list(GRANTS) == list(get_args(OAuth2Provider.model_fields["grant"].annotation))


def test_password() -> None:
    assert form(scheme(grant="password", username="me", password="p w", scope="a")) == {
        "grant_type": "password",
        "username": "me",
        "password": "p w",
        "client_id": "id",
        "scope": "a",
    }


def test_token_exchange() -> None:
    kind = "urn:ietf:params:oauth:token-type:"
    least = form(scheme(grant="token_exchange", subject_token="st"))
    assert least == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": "st",
        "subject_token_type": f"{kind}access_token",
        "client_id": "id",
    }
    more = {
        "subject_token_type": f"{kind}jwt",
        "requested_token_type": f"{kind}access_token",
        "actor_token": "at",
        "actor_token_type": f"{kind}id_token",
        "resource": "https://api.example.com",
        "audience": "api",
    }
    assert form(scheme(grant="token_exchange", subject_token="st", **more)) == least | more


@pytest.mark.parametrize(
    ("algorithm", "key"), [("RS256", RSA), ("PS256", RSA), ("ES256", EC), ("EdDSA", ED)], ids=lambda each: str(each)[:5]
)
def test_jwt_bearer(algorithm: str, key: Any) -> None:
    sent = form(scheme(grant="jwt_bearer", private_key=pem(key), algorithm=algorithm, key_id="k1", scope="a"))
    assertion = sent.pop("assertion")
    assert sent == {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "client_id": "id", "scope": "a"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joserfc: EdDSA has a new name since RFC 9864
        token = jwt.decode(assertion, key, algorithms=[algorithm])
    assert token.header == {"alg": algorithm, "typ": "JWT", "kid": "k1"}
    jti = token.claims.pop("jti")
    assert len(jti) == 32
    assert token.claims == {"iss": "id", "sub": "id", "aud": URL, "iat": 1_700_000_000, "exp": 1_700_000_300}


def test_jwt_bearer_for_someone_else() -> None:
    wanted = {
        "issuer": "robot@example.com",
        "subject": "me@example.com",
        "audience": "https://aud.example.com",
        "claims": {"scope": "a b", "n": 1},
        "lifetime": "1h",
    }
    made = scheme(grant="jwt_bearer", private_key=pem(RSA), assertion=wanted)
    claims = jwt.decode(form(made)["assertion"], RSA).claims
    assert claims["exp"] - claims["iat"] == 3600
    names = ("iss", "sub", "aud", "scope", "n")
    assert [claims[name] for name in names] == [
        "robot@example.com",
        "me@example.com",
        "https://aud.example.com",
        "a b",
        1,
    ]


def test_no_assertion_is_sent_twice() -> None:
    made = scheme(grant="jwt_bearer", private_key=pem(RSA))
    assert form(made)["assertion"] != form(made)["assertion"]


# ------------------------------------------------------------------ grants that need a person

PERSON = [("authorization_code", "authorization_url"), ("device_code", "device_url")]


@pytest.mark.parametrize(("grant", "key"), PERSON)
def test_without_a_login_nothing_is_sent(grant: str, key: str) -> None:
    for endpoint in ({"token_url": URL}, {"token_url": None, "issuer": "https://issuer.example.com"}):
        with pytest.raises(IssuerError) as caught:
            next(scheme(grant=grant, **{key: URL, **endpoint}).login(WALL, None))
        assert caught.value.failure is FailureClass.LOGIN
        assert "keyless login NAME" in (caught.value.hint or "")


@pytest.mark.parametrize(("grant", "key"), PERSON)
def test_with_a_login_it_refreshes_what_was_granted(grant: str, key: str) -> None:
    made = scheme(grant=grant, scope="a", audience="b", resource="c", **{key: URL})
    assert made.one_shot
    assert form(made, "r1") == {"grant_type": "refresh_token", "refresh_token": "r1", "client_id": "id"}


@pytest.mark.parametrize(("grant", "key"), PERSON)
def test_a_dead_login_wants_another(grant: str, key: str) -> None:
    flow = scheme(grant=grant, **{key: URL}).login(WALL, "r1-secret")
    next(flow)
    with pytest.raises(IssuerError) as caught:
        flow.send(IssuerReply(400, {}, b'{"error": "invalid_grant", "error_description": "r1-secret is dead"}'))
    assert caught.value.failure is FailureClass.LOGIN
    assert "keyless login NAME" in (caught.value.hint or "")
    assert "r1-secret" not in caught.value.message


def test_only_refresh_tokens_are_spent_by_a_login() -> None:
    assert [name for name in GRANTS if OAuth2Provider.model_construct(grant=name).refreshes] == [
        "refresh_token",
        "authorization_code",
        "device_code",
    ]


def test_a_login_lands_in_its_cell_whatever_changes_about_the_login() -> None:
    one = scheme(grant="authorization_code", authorization_url=URL)
    for more in ({"redirect_port": 5}, {"authorization_url": URL + "2"}, {"revocation_url": URL}):
        written: dict[str, Any] = {"authorization_url": URL, **more}
        assert scheme(grant="authorization_code", **written).identity == one.identity


def test_trap_06_the_new_keys_change_the_cell() -> None:
    bearer = {"grant": "jwt_bearer", "private_key": pem(RSA)}
    exchange = {"grant": "token_exchange", "subject_token": "a"}
    variants: list[dict[str, Any]] = [
        {"grant": "password", "username": "a", "password": "b"},
        {"grant": "password", "username": "a", "password": "c"},
        {"grant": "password", "username": "b", "password": "b"},
        bearer,
        bearer | {"private_key": pem(RSAKey.generate_key(2048))},
        bearer | {"algorithm": "PS256"},
        bearer | {"key_id": "a"},
        bearer | {"assertion": {"subject": "a"}},
        bearer | {"assertion": {"claims": {"a": 1}}},
        bearer | {"client_auth": "private_key_jwt"},
        bearer | {"client_auth": "private_key_jwt", "auth_audience": "a"},
        bearer | {"tls": {"cert": "a"}},
        exchange,
        exchange | {"subject_token": "b"},
        exchange | {"actor_token": "b"},
        exchange | {"resource": "b"},
        exchange | {"requested_token_type": "b"},
        {"grant": "authorization_code", "authorization_url": URL},
        {"grant": "authorization_code", "authorization_url": URL, "scope": "a"},
        {"grant": "authorization_code", "authorization_url": URL, "client_id": "b"},
        {"grant": "authorization_code", "authorization_url": URL, "authorization_params": {"a": 1}},
        {"grant": "device_code", "device_url": URL},
    ]
    assert len({scheme(**variant).identity for variant in variants}) == len(variants)


@pytest.mark.parametrize(
    "written",
    [
        {"grant": "password", "username": "me", "password": "hush-hush"},
        {"grant": "token_exchange", "subject_token": "hush-hush"},
        {"grant": "client_credentials", "client_auth": "post", "client_secret": "hush-hush"},
    ],
)
def test_trap_26_what_was_sent_and_is_echoed_is_not_told(written: dict[str, Any]) -> None:
    flow = scheme(**written).login(WALL, None)
    next(flow)
    with pytest.raises(IssuerError) as caught:
        flow.send(IssuerReply(401, {}, b'{"error_description": "got hush-hush"}'))
    assert "hush-hush" not in caught.value.message


def test_trap_26_nor_an_assertion() -> None:
    made = scheme(grant="jwt_bearer", private_key=pem(RSA), client_auth="private_key_jwt")
    flow = made.login(WALL, None)
    sent = parse_qs((next(flow).body or b"").decode())
    words = " ".join((sent["assertion"][0], sent["client_assertion"][0]))
    with pytest.raises(IssuerError) as caught:
        flow.send(IssuerReply(401, {}, b'{"error_description": "%b"}' % words.encode()))
    assert caught.value.message == "the issuer answered 401 *** ***"
    assert "PRIVATE" not in repr(made)
