"""JWTs made here. The two fixed tokens were computed by hand from the vendors' pages, with made-up keys."""

from __future__ import annotations

import base64
import hashlib
import json
import warnings
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from proxy.auth.schemes.jwt import JwtProvider, JwtScheme
from proxy.auth.token import Minted

NOW = 1767323045.0
RSA, EC, EC384, ED = (
    RSAKey.generate_key(2048),
    ECKey.generate_key("P-256"),
    ECKey.generate_key("P-384"),
    OKPKey.generate_key("Ed25519"),
)
ZHIPU = {
    "algorithm": "HS256",
    "id_and_key": "id-example.secret-example",
    "headers": {"typ": None, "sign_type": "SIGN"},
    "claims": {"api_key": "{id}", "exp": "{exp_ms}", "timestamp": "{now_ms}"},
    "lifetime": "210s",
}
KLING = {
    "algorithm": "HS256",
    "key": "sk-example",
    "claims": {"iss": "ak-example", "exp": "{exp}", "nbf": "{nbf}"},
    "lifetime": "30m",
    "backdate": "5s",
}


def pem(key: Any) -> str:
    return str(key.as_pem(private=True).decode())


def provider(**written: Any) -> JwtProvider:
    return JwtProvider(scheme="jwt", **written)


def minted(written: dict[str, Any], wall: float = NOW) -> Minted:
    flow = JwtScheme.compile(provider(**written), frozenset()).login(wall, None)
    with pytest.raises(StopIteration) as stop:
        next(flow)
    assert isinstance(stop.value.value, Minted)
    return stop.value.value


def read(token: str, key: Any, algorithm: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, once the signature is proven."""
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the name EdDSA (RFC 9864)
        read = jws.deserialize_compact(token, key, registry=registry)
    return dict(read.headers()), json.loads(read.payload)


def test_the_odd_header_of_zhipu_and_its_milliseconds() -> None:
    made = minted(ZHIPU)
    assert made.lifetime == 210
    assert made.value == (
        "eyJhbGciOiJIUzI1NiIsInNpZ25fdHlwZSI6IlNJR04ifQ"
        ".eyJhcGlfa2V5IjoiaWQtZXhhbXBsZSIsImV4cCI6MTc2NzMyMzI1NTAwMCwidGltZXN0YW1wIjoxNzY3MzIzMDQ1MDAwfQ"
        ".9V65aK074nTTxvWsu8sUejTdxCU_7HZKaBXDiPZ6moU"
    )


def test_kling_and_sensenova_begin_before_now() -> None:
    made = minted(KLING)
    assert made.lifetime == 1800
    assert made.value == (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
        ".eyJpc3MiOiJhay1leGFtcGxlIiwiZXhwIjoxNzY3MzI0ODQ1LCJuYmYiOjE3NjczMjMwNDB9"
        ".Q0kzuva5K4FvUtiTRceFb1pXrJtr7Q7Jlx5giukIttw"
    )


@pytest.mark.parametrize(
    ("algorithm", "key"), [("RS256", RSA), ("PS256", RSA), ("ES256", EC), ("ES384", EC384), ("EdDSA", ED)]
)
def test_a_private_key_signs(algorithm: str, key: Any) -> None:
    token = minted({"algorithm": algorithm, "key": pem(key), "key_id": "k1", "claims": {"iss": "me"}}).value
    header, claims = read(token, key, algorithm)
    assert header == {"alg": algorithm, "typ": "JWT", "kid": "k1"}
    assert claims == {"iss": "me", "exp": int(NOW) + 600}


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_secret_signs_by_its_own_bytes(algorithm: str) -> None:
    token = minted({"algorithm": algorithm, "key": "sécret" * 12}).value
    encoded = base64.urlsafe_b64encode(("sécret" * 12).encode()).decode().rstrip("=")
    assert read(token, OctKey.import_key({"kty": "oct", "k": encoded}), algorithm)[1] == {"exp": int(NOW) + 600}


def test_snowflake_is_told_which_key_signs() -> None:
    der = RSA.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    known = "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode()
    claims = {"iss": "ACCOUNT.USER.SHA256:{fingerprint}", "sub": "ACCOUNT.USER", "iat": "{now}", "exp": "{exp}"}
    token = minted({"algorithm": "RS256", "key": pem(RSA), "claims": claims, "lifetime": "59m"}).value
    assert read(token, RSA, "RS256")[1] == {
        "iss": f"ACCOUNT.USER.{known}",
        "sub": "ACCOUNT.USER",
        "iat": int(NOW),
        "exp": int(NOW) + 3540,
    }


def test_texts_inside_lists_and_mappings_are_templates_and_other_values_stay() -> None:
    claims = {"a": ["{now}", 1, {"b": "at {now_ms}"}], "c": True, "d": "{{now}}", "exp": None}
    token = minted({"algorithm": "EdDSA", "key": pem(ED), "claims": claims}).value
    found = read(token, ED, "EdDSA")[1]
    assert found == {"a": [1767323045, 1, {"b": "at 1767323045000"}], "c": True, "d": "{now}"}


def test_each_has_a_name_of_its_own_if_asked_for() -> None:
    written = {"algorithm": "HS256", "key": "k" * 32, "claims": {"jti": "{jti}"}}
    assert minted(written).value != minted(written).value


def test_trap_06_whatever_changes_the_token_makes_another_cell() -> None:
    changed: list[dict[str, Any]] = [
        {},
        {"key": "other"},
        {"lifetime": 60},
        {"backdate": 0},
        {"claims": {"iss": "x"}},
        {"headers": {"a": 1}},
        {"key_id": "k"},
        {"algorithm": "HS384"},
    ]
    made = [JwtScheme.compile(provider(**(KLING | each)), frozenset()) for each in changed]
    assert len({each.identity for each in made}) == len(changed)
    assert "sk-example" not in repr(made)


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "no key for it": ({"algorithm": "RS256", "key": "secret-nonsense"}, "key", "expected a private key"),
    "empty": ({"algorithm": "HS256", "key": ""}, "key", "empty"),
    "no pair": ({"algorithm": "HS256", "id_and_key": "secret-nonsense"}, "id_and_key", "parted by a dot"),
    "unknown name": (
        {"algorithm": "HS256", "key": "k", "claims": {"a": ["{nwo}"]}},
        "claims.a.0",
        "unknown name {nwo}",
    ),
    "a brace": ({"algorithm": "HS256", "key": "k", "headers": {"a": "{"}}, "headers.a", "brace"),
    "no id": ({"algorithm": "HS256", "key": "k", "claims": {"a": "{id}"}}, "claims.a", "id_and_key"),
    "no public key": ({"algorithm": "HS256", "key": "k", "claims": {"a": "{fingerprint}"}}, "claims.a", "public key"),
    "ttl": ({"algorithm": "HS256", "key": "k", "ttl": 60}, "ttl", "lifetime"),
}


@pytest.mark.parametrize(("written", "place", "problem"), BAD.values(), ids=BAD)
def test_mistakes(written: dict[str, Any], place: str, problem: str) -> None:
    found = list(provider(**written).check(("p",)))
    assert [".".join(map(str, each.where)) for each in found] == [f"p.{place}"]
    assert problem in found[0].message
    assert "secret-nonsense" not in found[0].message


def test_one_key() -> None:
    for wrong in ({}, {"key": "a", "id_and_key": "a.b"}):
        with pytest.raises(ValueError, match="give either key or id_and_key"):
            provider(algorithm="HS256", **wrong)


def test_a_reply_is_not_there_to_inject_from() -> None:
    assert provider(**KLING).unfilled("reply.a") is not None
    assert provider(**KLING).unfilled("token") is None
