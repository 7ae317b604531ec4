"""A secret is found in whatever an encoder of the field made of it."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.auth.spellings import families, spellings

SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), min_size=8, max_size=40)


def found(secret: str, text: str | bytes) -> bool:
    data = text.encode() if isinstance(text, str) else text
    return any(each in data for each in spellings(secret))


@settings(deadline=None)
@given(SECRETS)
def test_whatever_python_makes_of_it(secret: str) -> None:
    for text in (
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        urlencode({"a": secret}),
        json.dumps({"a": secret}),
        json.dumps({"a": secret}, ensure_ascii=False),
        json.dumps({"a": json.dumps({"b": secret})}),
        html.escape(secret),
        quote(quote(secret, safe=""), safe=""),
    ):
        assert found(secret, text), text


@settings(deadline=None)
@given(SECRETS, st.binary(max_size=5), st.binary(max_size=5))
def test_inside_base64_at_every_place(secret: str, before: bytes, after: bytes) -> None:
    whole = before + secret.encode() + after
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(whole).decode()
        for text in (encoded, encoded.rstrip("=")):
            assert found(secret, text)
    assert found(secret, json.dumps(base64.b64encode(whole).decode()).replace("/", "\\/"))
    assert found(secret, quote(base64.b64encode(whole), safe=""))


@settings(deadline=None)
@given(SECRETS)
def test_the_mark_is_in_every_spelling(secret: str) -> None:
    for family in families(secret):
        assert family.mark is None or all(family.mark in each for each in family.spellings)


AWKWARD = "k+y/w=th&<'\"\\é>"


@pytest.mark.parametrize(
    "written",
    [
        "k%2By%2Fw%3Dth%26%3C%27%22%5C%C3%A9%3E",
        "k%2by%2fw%3dth%26%3c%27%22%5c%c3%a9%3e",
        "k%2By%2Fw%3Dth%26%3C'%22%5C%C3%A9%3E",  # JavaScript's encodeURIComponent
        "k+y/w=th&%3C'%22%5C%C3%A9%3E",  # encodeURI
        "k+y\\/w=th&<'\\\"\\\\\\u00e9>",  # PHP's json_encode
        "k+y/w=th\\u0026\\u003c'\\\"\\\\é\\u003e",  # Go's encoding/json
        "k\\u002By/w=th\\u0026\\u003C\\u0027\\u0022\\\\\\u00E9\\u003E",  # .NET's System.Text.Json
        "k&#43;y/w=th&amp;&lt;&#39;&#34;\\é&gt;",  # Go's html/template
        "k+y/w=th&amp;&lt;&#039;&quot;\\é&gt;",  # PHP's htmlspecialchars
        "k+y&#x2F;w&#x3D;th&amp;&lt;&#39;&quot;\\é&gt;",  # Mustache
    ],
)
def test_whatever_other_languages_make_of_it(written: str) -> None:
    assert found(AWKWARD, f"<{written}>")


def test_plain_text_has_few_spellings() -> None:
    assert spellings("short") == ()
    assert spellings("plain-enough") == (b"plain-enough", b"cGxhaW4tZW5vdWdo", b"BsYWluLWVub3Vna", b"wbGFpbi1lbm91Z2")
