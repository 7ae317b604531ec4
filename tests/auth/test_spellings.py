"""A secret is found in whatever an encoder of the field made of it."""

from __future__ import annotations

import base64
import html
import json
import sys
import tracemalloc
from types import FrameType
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
def test_a_mark_is_in_every_spelling_and_a_head_begins_it(secret: str) -> None:
    for family in families(secret):
        for each in family.spellings:
            assert any(mark in each for mark in family.marks)
            assert each[:4] in family.heads
            assert len(each) <= family.longest
            assert set(each) <= set(family.ends)


# ------------------------------------------------------------------------------ what is kept, and what it takes

CONTENTS = {
    "a JWT": "eyJhbGciOiJSUzI1NiJ9.eyJpYXQiOjE3.c2lnbmF0dXJl",
    "one letter": "a",
    "one sign": "+",
    "base64": "ab+/cd0/",
    "signs": "+/=&<>'\"%\\ ~!*",
    "two bytes": "\u00e9\u00fc",
    "three bytes": "".join(map(chr, range(0x4E00, 0x9000))),
    "four bytes": "".join(map(chr, range(0x1F300, 0x1F900))),
    "all of ASCII": "".join(map(chr, range(128))),
}


def long(content: str, size: int) -> str:
    return (CONTENTS[content] * size)[:size]


def kept(secret: str) -> int:
    """Bytes that stay allocated."""
    tracemalloc.start()
    try:
        held = list(families(secret))
        size = tracemalloc.get_traced_memory()[0]
        held.clear()
    finally:
        tracemalloc.stop()
    return size


def steps(secret: str) -> int:
    """Calls, of Python's functions and C's, that it takes."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        for _ in families(secret):
            pass
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize("content", CONTENTS)
def test_what_is_kept_of_a_secret_is_no_more_for_a_long_one(content: str) -> None:
    for size in (8, 400, 8000):
        list(families(long(content, size)))  # the encoders have learnt their characters
        secret = long(content, size)
        own = 0 if secret.isascii() else sys.getsizeof(secret)  # a copy, in which half of a pair of surrogates is `?`
        assert kept(secret) <= own + 8 * 1024, size


@pytest.mark.parametrize("content", CONTENTS)
def test_what_is_searched_for_is_no_more_for_a_long_one(content: str) -> None:
    """The vector search takes memory for each of these bytes, and Python does not see it."""
    for size in (400, 8000):
        several = list(families(long(content, size)))
        assert len(several) <= 7
        for family in several:
            assert max(map(len, family.marks)) <= 16
            assert max(map(len, family.heads)) <= 4
            assert len(family.marks) <= 43
            assert len(family.heads) <= 43


@pytest.mark.parametrize("content", CONTENTS)
def test_eight_times_the_length_takes_at_most_eight_times_the_steps(content: str) -> None:
    list(families(long(content, 8000)))
    assert steps(long(content, 8000)) <= 8 * steps(long(content, 1000))


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
