"""How SDKs write a key into a value."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.plan.admission.readings import bearer, of_header, of_parameter


def basic(pair: str) -> str:
    return "Basic " + b64encode(pair.encode()).decode()


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("", []),
        ("Bearer", []),
        ("Bearer ", []),
        ("Bearer k", ["k"]),
        ("bEARER  k ", ["k"]),
        ("k", ["k"]),
        ("Token k", ["k"]),
        ("token k", ["k"]),
        ("Bot k", ["k"]),
        ("ApiKey k", ["k"]),
        ("ApiKey k=", ["k="]),
        ("Token token=k", ["token=k", "k"]),
        ('Snowflake Token="k"', ['Token="k"', "k"]),
        ("Sentry sentry_key=k, sentry_version=7", ["sentry_key=k, sentry_version=7", "k"]),
        ("Qiniu k:c2ln", ["k:c2ln", "k"]),
        ("OSS k:c2ln", ["k:c2ln", "k"]),
        ("AWS4-HMAC-SHA256 Credential=k/20260102/r/s/aws4_request, SignedHeaders=host, Signature=0", ["k"]),
        ("TC3-HMAC-SHA256 Credential=k/2026-01-02/cvm/tc3_request, SignedHeaders=host, Signature=0", ["k"]),
        ("bce-auth-v1/k/2026-01-02T03:04:05Z/1800//0a", ["k"]),
        ("q-sign-algorithm=sha1&q-ak=k&q-sign-time=1;2", ["k"]),
        ("OBS k:c2ln", ["k"]),
        (basic("user:k"), ["user", "k"]),
        (basic("k:"), ["k"]),
        (basic(":k"), ["k"]),
        (basic("k"), ["k"]),
        (basic("a:b:c"), ["a", "b:c"]),
        (basic("u:k-e-y").rstrip("="), ["u", "k-e-y"]),
        ("Basic k", []),
        ("Basic", []),
    ],
)
def test_a_header(value: str, texts: list[str]) -> None:
    assert list(of_header(value.encode())) == [text.encode() for text in texts]


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("k", ["k"]),
        ("", []),
        ("a%2Fb", ["a/b", "a"]),
        ("%E4%B8%AD", ["中"]),
        ("k%2F20260102%2Fr%2Fs%2Faws4_request", ["k/20260102/r/s/aws4_request", "k"]),
        ("bce-auth-v1%2Fk%2F2026-01-02T03%3A04%3A05Z%2F1800%2F%2F0a", ["k", "bce-auth-v1"]),
        ("Bearer+k", ["k"]),
    ],
)
def test_a_parameter(value: str, texts: list[str]) -> None:
    assert list(of_parameter(value.encode())) == [text.encode() for text in texts]


@pytest.mark.parametrize(("value", "text"), [("Bearer k", "k"), ("bearer k", "k"), ("Token k", None), ("k", None)])
def test_an_access_token_stands_behind_bearer_alone(value: str, text: str | None) -> None:
    assert bearer(value.encode()) == (None if text is None else text.encode())


@given(st.binary(max_size=60))
def test_no_value_breaks_them(value: bytes) -> None:
    assert all(isinstance(text, bytes) for text in (*of_header(value), *of_parameter(value)))
    assert len([*of_header(value)]) <= 2
