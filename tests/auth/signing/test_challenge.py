"""HTTP Digest: the RFC's own examples, and what strangers write into `WWW-Authenticate`."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.signing.challenge import Asked, Challenge, answer, challenge_of, next_nonce, proof_of

RFC_7616 = {
    "realm": "http-auth@example.org",
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
}
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def answered(challenge: Challenge, name: str = "Mufasa", password: str = "Circle of Life", **asked: str) -> str:
    about = Asked("GET", asked.get("target", "/dir/index.html"), 1, asked.get("cnonce", CNONCE))
    return answer(challenge, name, proof_of(challenge, name, password, about.cnonce), about)


def part(said: str, name: str) -> str:
    found = re.search(rf'\b{name}=(?:"([^"]*)"|([^,]+))', said)
    assert found is not None
    return found[1] if found[2] is None else found[2]


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, response: str) -> None:
    said = answered(Challenge(**RFC_7616, algorithm=algorithm))
    assert said == (
        f'Digest username="Mufasa", realm="{RFC_7616["realm"]}", nonce="{RFC_7616["nonce"]}", uri="/dir/index.html",'
        f' response="{response}", algorithm={algorithm}, opaque="{RFC_7616["opaque"]}", qop=auth, nc=00000001,'
        f' cnonce="{CNONCE}"'
    )


def test_the_example_of_rfc_2617_says_no_algorithm() -> None:
    challenge = Challenge("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093")
    said = answered(challenge, password="Circle Of Life", cnonce="0a4f113b")
    assert part(said, "response") == "6629fae49393a05397450978507c4ef1"
    assert "algorithm" not in said


def test_the_older_kind_has_no_count() -> None:
    challenge = Challenge("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", qop=False)
    said = answered(challenge, password="CircleOfLife")
    assert part(said, "response") == "1949323746fe6a43ef61f9606e7febea"  # RFC 2069's, by its errata
    assert not any(word in said for word in ("qop", "nc=", "cnonce"))


def test_a_name_that_is_no_ascii_and_one_that_is_hidden() -> None:
    """RFC 7616 §3.9.2 has this name, with another hash."""
    name = "Jäsøn Doe".encode().decode("latin-1")
    said = answered(Challenge("api@example.org", "n", algorithm="SHA-256"), name, "Secret, or not?")
    assert said.startswith("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, ")
    hidden = answered(Challenge("api@example.org", "n", algorithm="SHA-256", userhash=True), name)
    assert re.match(r'Digest username="[0-9a-f]{64}", userhash=true, ', hidden)


def test_what_stands_in_quotes_cannot_end_them() -> None:
    said = answered(Challenge('a"b\\c', 'x", y="z', opaque='"'), 'na"me', target='/x?q="')
    assert 'username="na\\"me", realm="a\\"b\\\\c", nonce="x\\", y=\\"z", uri="/x?q=\\""' in said
    assert 'opaque="\\""' in said


@pytest.mark.parametrize(
    ("values", "challenge"),
    [
        (['Digest realm="r", nonce="n"'], Challenge("r", "n", qop=False)),
        (['digest nonce=n,realm="" , QOP="auth-int, auth"'], Challenge("", "n")),
        (['Digest realm="r", nonce="n", qop=auth, stale=TRUE'], Challenge("r", "n", stale=True)),
        (['Digest realm="r", nonce="n", qop="auth", stale="false", domain="/a /b"'], Challenge("r", "n")),
        (['Digest realm="a\\"b, Basic", nonce="n", qop="auth"'], Challenge('a"b, Basic', "n")),
        (['Basic realm="x", Digest realm="r", nonce="n", qop="auth"'], Challenge("r", "n")),
        (['Digest realm="r", nonce="n", qop="auth", Bearer realm="b", nonce="m"'], Challenge("r", "n")),
        (["Negotiate", 'Digest realm="r", nonce="n", qop="auth"'], Challenge("r", "n")),
        (
            ['Digest realm="r", nonce="n", qop="auth", algorithm=MD5, Digest realm="r", nonce="m", algorithm=SHA-256'],
            Challenge("r", "m", algorithm="SHA-256", qop=False),
        ),
        (
            ['Digest realm="r", nonce="m", algorithm=SHA-256-sess, qop="auth"', 'Digest realm="r", nonce="n"'],
            Challenge("r", "m", algorithm="SHA-256-sess"),
        ),
        (['Digest realm="r", nonce="n", userhash=true, qop="auth"'], Challenge("r", "n", userhash=True)),
        (['Digest realm="r", nonce="n", nonce="other"'], Challenge("r", "n", qop=False)),
    ],
)
def test_the_strongest_that_can_be_answered(values: list[str], challenge: Challenge) -> None:
    assert challenge_of(values) == challenge


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            "Digest",
            "Bearer",
            'Basic realm="r"',
            'Digest nonce="n"',
            'Digest realm="r"',
            'Digest realm="r", nonce=""',
        ),
        'Digest realm="r", nonce="n", algorithm=SHA-512-256',
        'Digest realm="r", nonce="n", algorithm="MD5; x"',
        'Digest realm="r", nonce="n", qop="auth-int"',
        'Digest realm="r", nonce="a\x01b"',
        'realm="r", nonce="n"',
        'Digest realm="r", nonce="n' + "n" * 9000,
    ],
)
def test_what_can_not_be_answered(value: str) -> None:
    assert challenge_of([value]) is None


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=200))
def test_whatever_is_written_ends_in_a_line_or_in_nothing(text: str) -> None:
    challenge = challenge_of([text, f'Digest realm="{text}", nonce={text}', f"Digest {text}"])
    if challenge is not None:
        assert not re.search(r"[\x00-\x1f\x7f]", answered(challenge))


def test_the_next_nonce() -> None:
    assert next_nonce('qop=auth, nextnonce="n\\"2", rspauth="x"') == 'n"2'
    assert next_nonce("rspauth=x") is next_nonce('nextnonce=""') is next_nonce('nextnonce="a\x02"') is None
