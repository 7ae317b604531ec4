"""Credentials in what goes back become stars, wherever the pieces are cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.plan.scrub import Scrubber, is_text, scrub, spellings

SECRETS = st.sampled_from(["abababac", "aaaaaaaa", "a/b+c=d&e", 'quote"back\\slash', "ünïcödé-secret"])


def in_pieces(text: bytes, needles: tuple[bytes, ...], cuts: list[int]) -> bytes:
    scrubber = Scrubber(needles)
    edges = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    pieces = [text[start:end] for start, end in itertools.pairwise(edges)]
    return b"".join([*map(scrubber.feed, pieces), scrubber.end()])


@given(SECRETS, st.lists(st.sampled_from(["x", "ab", "a", "aaaa", " "])), st.data())
def test_a_scrubbed_stream_has_its_length_and_no_secret(secret: str, filler: list[str], data: st.DataObject) -> None:
    needles = tuple(sorted(spellings(secret), key=len, reverse=True))
    words = data.draw(st.permutations([*filler, *(needle.decode() for needle in needles), secret]))
    text = "".join(words).encode()
    out = in_pieces(text, needles, data.draw(st.lists(st.integers(0, 500), max_size=8)))
    assert len(out) == len(text)
    assert not any(needle in out for needle in needles)


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_what_holds_no_secret_is_not_touched(text: bytes, cuts: list[int]) -> None:
    needles = spellings("not-in-random-bytes")
    assert in_pieces(text, needles, cuts) == text == scrub(text, needles)


def test_only_a_possible_beginning_is_held_back() -> None:
    scrubber = Scrubber(spellings("secret-token"))
    assert scrubber.feed(b"data: 1\n\n") == b"data: 1\n\n"
    assert scrubber.feed(b"data: sec") == b"data: "
    assert scrubber.feed(b"ond\n\n") == b"second\n\n"
    assert scrubber.feed(b"s") + scrubber.end() == b"s"


def test_spellings() -> None:
    assert spellings("short") == ()
    assert spellings("plain-enough") == (b"plain-enough",)
    assert set(spellings('a/b"c+d=e')) == {
        b'a/b"c+d=e',
        b"a%2Fb%22c%2Bd%3De",
        b"a%2fb%22c%2bd%3de",
        b'a/b\\"c+d=e',
        b'a\\/b\\"c+d=e',
    }


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (b"text/plain", True),
        (b"TEXT/HTML; charset=x", True),
        (b"application/json", True),
        (b"application/vnd.github+json; v=3", True),
        (b"application/problem+json", True),
        (b"image/svg+xml", True),
        (b"text/event-stream", True),
        (b"application/javascript", True),
        (b"application/octet-stream", False),
        (b"image/png", False),
        (b"", False),
    ],
)
def test_text(kind: bytes, text: bool) -> None:
    assert is_text(kind) is text
