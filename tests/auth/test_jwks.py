"""An issuer's keys: which count, and how they are found. Signatures: tests/serve/test_forward_jwt.py has forgeries."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey, RSAKey

from proxy.auth.jwks import (
    PublicKey,
    UnknownKey,
    check_signature,
    find_keys,
    looks_like_jwt,
    read_jwt,
    read_keys,
    same_issuer,
)
from proxy.auth.token import IssuerReply
from proxy.errors import IssuerError
from tests.identity_provider import sign

EC, OKP = ECKey.generate_key("P-256", {"kid": "ec"}), OKPKey.generate_key("Ed25519", {"kid": "okp"})
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    SMALL = RSAKey.generate_key(1024)


def public(key: Any, **more: Any) -> dict[str, Any]:
    return dict(key.as_dict(private=False)) | more


@pytest.mark.parametrize(
    ("jwk", "algorithms"),
    [
        (public(EC), ("ES256",)),
        (public(EC, use="sig", key_ops=["verify"], alg="ES256"), ("ES256",)),
        (public(OKP), ("EdDSA", "Ed25519")),
        (public(OKP, alg="Ed25519"), ("Ed25519",)),
        (public(EC, use="enc"), None),
        (public(EC, key_ops=["deriveKey"]), None),
        (public(EC, key_ops="verify"), None),
        (public(EC, alg="ES384"), None),
        (public(EC, alg="HS256"), None),
        (public(EC, crv="P-384"), None),
        (public(EC, crv=["P-256"]), None),
        (public(EC, x="AAAA"), None),
        (public(EC, kty="OKP"), None),
        (public(SMALL), None),
        ({"kty": "oct", "k": "c2VjcmV0", "kid": "ec"}, None),
        ({"kty": "RSA"}, None),
        ({}, None),
        ("a text", None),
    ],
)
def test_which_keys_count(jwk: Any, algorithms: tuple[str, ...] | None) -> None:
    found = read_keys({"keys": [jwk, public(OKP)]})
    assert [key.algorithms for key in found[:-1]] == ([] if algorithms is None else [algorithms])
    assert found[-1].id == "okp", "one that is broken harms no other"


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": "x"}, {"keys": []}])
def test_no_keys(document: dict[str, Any]) -> None:
    assert read_keys(document) == ()


def test_a_private_part_is_not_kept() -> None:
    (key,) = read_keys({"keys": [EC.as_dict(private=True)]})
    assert not key.key.is_private
    assert "ec" in repr(key)


def test_a_flood_of_keys_is_cut() -> None:
    assert len(read_keys({"keys": [public(EC)] * 200})) == 50


# ---------------------------------------------------------------------------------------------- how they are found


def found(
    replies: Mapping[str, Any], issuer: str = "https://a.test/x", uri: str | None = None
) -> tuple[PublicKey, ...]:
    """Drives the steps as an issuer would that publishes these documents."""
    steps = find_keys(issuer, uri, 0.0)
    try:
        request = next(steps)
        while True:
            known = replies.get(request.url)
            request = steps.send(IssuerReply(404 if known is None else 200, {}, json.dumps(known).encode()))
    except StopIteration as end:
        return tuple(end.value)


METADATA = "https://a.test/x/.well-known/openid-configuration"
KEYS = {"keys": [public(EC)]}


def test_by_metadata_or_straight() -> None:
    about = {"issuer": "https://a.test/x/", "jwks_uri": "https://keys.test/"}
    assert len(found({METADATA: about, "https://keys.test/": KEYS})) == 1
    assert len(found({"https://keys.test/": KEYS}, uri="https://keys.test/")) == 1


@pytest.mark.parametrize(
    ("replies", "told"),
    [
        ({}, "status 404"),
        ({METADATA: []}, "no JSON object"),
        ({METADATA: {"issuer": "https://b.test", "jwks_uri": "https://keys.test/"}}, "of another issuer"),
        ({METADATA: {"issuer": "https://a.test/x"}}, "no https URL"),
        ({METADATA: {"issuer": "https://a.test/x", "jwks_uri": "http://keys.test/"}}, "no https URL"),
        ({METADATA: {"issuer": "https://a.test/x", "jwks_uri": "https://keys.test/"}}, "status 404"),
        ({METADATA: {"issuer": "https://a.test/x", "jwks_uri": METADATA}}, "no key that"),
    ],
)
def test_what_is_not_believed(replies: dict[str, Any], told: str) -> None:
    with pytest.raises(IssuerError, match=told):
        found(replies)


def test_a_slash_at_the_end_makes_no_other_issuer() -> None:
    assert same_issuer("https://a.test", "https://a.test/")
    assert not same_issuer("https://a.test", "https://a.test.evil")


# ---------------------------------------------------------------------------------------------- tokens


def test_without_a_key_id_all_keys_are_tried() -> None:
    keys = read_keys({"keys": [public(ECKey.generate_key("P-256")), public(EC, kid=None), public(OKP)]})
    check_signature(read_jwt(sign({}, {"a": 1}, EC, "ES256")), keys)
    with pytest.raises(UnknownKey):
        check_signature(read_jwt(sign({}, {"a": 1}, ECKey.generate_key("P-256"), "ES256")), keys)
    with pytest.raises(UnknownKey):
        check_signature(read_jwt(sign({"kid": "new"}, {"a": 1}, EC, "ES256")), keys)


def test_long_headers_with_certificates_are_read() -> None:
    token = sign({"kid": "ec", "x5t": "x" * 900, "odd": True}, {"a": 1}, EC, "ES256")
    check_signature(read_jwt(token), read_keys(KEYS))


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("eyJhIjoxfQ.eyJhIjoxfQ.c2ln", True),
        ("eyJhIjoxfQ.eyJhIjoxfQ.", False),
        ("eyJhIjoxfQ.eyJhIjoxfQ", False),
        ("eyJhIjoxfQ.eyJhIjoxfQ.a.b.c", False),
        ("eyJhIjoxfQ.eyJh IjoxfQ.c2ln", False),
        ("klc_abc.def.ghi", False),
        ("e" + "A" * 20_000 + ".AA.AA", False),
        ("", False),
    ],
)
def test_what_looks_like_one(text: str, is_one: bool) -> None:
    assert looks_like_jwt(text) is is_one


@given(st.from_regex(r"\Ae[A-Za-z0-9_-]{1,30}\.[A-Za-z0-9_-]{1,30}\.[A-Za-z0-9_-]{1,30}\Z"))
def test_noise_is_no_jwt_and_no_crash(text: str) -> None:
    with pytest.raises(ValueError, match=r"^the token "):
        read_jwt(text)
