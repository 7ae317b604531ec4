"""Credentials in what goes back become stars, wherever the pieces are cut."""

from __future__ import annotations

import gc
import itertools
from types import FunctionType, ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.plan.replies.scrub import NOTHING, Needles, covered, is_text, most_lacking, spellings

ALL = (
    "abababac",
    "aaaaaaaa",
    "abababacus-and-on",
    "a/b+c=d&e",
    'quote"back\\slash',
    "ünïcödé-secret",
    "bababacab",
    "x" * 40,
)
SECRETS = st.lists(st.sampled_from(ALL), min_size=1, max_size=3, unique=True)
FILLER = st.lists(st.sampled_from(["x", "ab", "a", "aaaa", " ", "abab", "%2F", "\\"]))


def reference(text: bytes, secrets: list[str]) -> bytes:
    """The same, slowly: every place of every spelling, also where its last few bytes are cut off."""
    out = bytearray(text)
    for each in {spelling for secret in secrets for spelling in spellings(secret)}:
        for at in range(len(text)):
            nearly = len(text) - at >= len(each) - most_lacking(len(each))
            if text.startswith(each, at) or (nearly and each.startswith(text[at:])):
                end = min(at + len(each), len(text))
                out[at:end] = b"*" * (end - at)
    return bytes(out)


def in_pieces(text: bytes, needles: Needles, cuts: list[int]) -> bytes:
    scrubber = needles.stream()
    edges = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    pieces = [text[start:end] for start, end in itertools.pairwise(edges)]
    return b"".join([*map(scrubber.feed, pieces), scrubber.end()])


@settings(deadline=None)
@given(SECRETS, FILLER, st.data())
def test_whole_or_in_pieces_the_same_bytes_become_stars(
    secrets: list[str], filler: list[str], data: st.DataObject
) -> None:
    found = [each.decode() for secret in secrets for each in spellings(secret)]
    chosen = data.draw(st.lists(st.sampled_from([*found, *secrets]), max_size=4))
    text = "".join(data.draw(st.permutations([*filler, *chosen]))).encode()
    text = text[: data.draw(st.integers(0, len(text)))]
    needles, wanted = Needles(secrets), reference(text, secrets)
    assert needles.scrub(text) == wanted
    assert in_pieces(text, needles, data.draw(st.lists(st.integers(0, 500), max_size=8))) == wanted
    assert in_pieces(text, needles, list(range(len(text)))) == wanted


@settings(deadline=None)
@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_what_holds_no_secret_is_not_touched(text: bytes, cuts: list[int]) -> None:
    needles = Needles(["not-in-random-bytes"])
    assert in_pieces(text, needles, cuts) == text == needles.scrub(text)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.text("abcXYZ019+/=%&\"'<_.- é", min_size=8, max_size=40), min_size=30, max_size=40, unique=True))
def test_more_secrets_than_one_search_takes(secrets: list[str]) -> None:
    needles = Needles(secrets)
    for secret in secrets:
        for each in spellings(secret):
            assert each not in needles.scrub(b"<" + each + b">")


@given(st.text("ab", min_size=1, max_size=12), st.text("ab", max_size=120))
def test_every_place_of_a_repetitive_spelling_is_covered(spelling: str, text: str) -> None:
    places = (at for at in range(len(text)) if text.startswith(spelling, at))
    wanted = {byte for at in places for byte in range(at, at + len(spelling))}
    spans = list(covered(spelling.encode(), text.encode()))
    assert {byte for start, end in spans for byte in range(start, end)} == wanted


def test_a_repetitive_secret_in_a_repetitive_text_is_one_stretch() -> None:
    assert list(covered(b"a" * 8000, b"-" + b"a" * 65536 + b"-")) == [(1, 65537)]
    assert list(covered(b"+/" * 4000, b"+/" * 32768 + b"+")) == [(0, 65536)]
    needles = Needles(["a" * 8000])
    assert needles.scrub(b"-" + b"a" * 65536 + b"-") == b"-" + b"*" * 65536 + b"-"
    assert needles.scrub(b"a" * 7999 + b"-") == b"a" * 7999 + b"-"


def test_only_a_possible_beginning_is_held_back() -> None:
    scrubber = Needles(["secret-token"]).stream()
    assert scrubber.feed(b"data: 1\n\n") == b"data: 1\n\n"
    assert scrubber.feed(b"data: sec") == b"data: "
    assert scrubber.waiting == 3
    assert scrubber.feed(b"ond\n\n") == b"second\n\n"
    assert scrubber.feed(b"s") + scrubber.end() == b"s"


def test_what_was_flushed_is_still_the_beginning_of_what_follows() -> None:
    scrubber = Needles(["secret-token"]).stream()
    assert scrubber.feed(b"a sec") + scrubber.flush() == b"a sec"
    assert scrubber.flush() == b""
    assert scrubber.feed(b"ret-to") == b""
    assert scrubber.flush() == b"******"
    assert scrubber.feed(b"ken and") == b"*** and"
    assert scrubber.end() == b""


def test_a_secret_that_breaks_off_at_the_end_does_not_go_out_but_for_its_last_byte() -> None:
    needles = Needles(["secret-token"])
    assert needles.scrub(b"you: secret-toke") == b"you: ***********"
    assert needles.scrub(b"you: secret-t") == b"you: secret-t", "as far from whole as a guess may come"
    assert needles.scrub(b"you: secret") == b"you: secret", "shorter than a secret can be"


@pytest.mark.parametrize("token", ["eyJhbGciOiJSUzI1NiJ9.eyJpYXQiOjE3.c2lnbmF0dXJl", "sk-live-0123456789abcdef"])
def test_stars_tell_nobody_whether_his_guess_at_the_next_character_is_right(token: str) -> None:
    """Tokens begin alike, and who has an API repeat his words sees what is starred of them."""
    needles = Needles([token])
    for known in range(8, len(token) * 3 // 4 - 1):
        guess = f"guess: {token[:known]}".encode()
        assert needles.scrub(guess) == guess
        assert in_pieces(guess, needles, [1, known, len(guess) - 1]) == guess


def test_a_secret_that_another_begins_with() -> None:
    """The shorter one is whole already, yet the rest of the longer one may still come."""
    scrubber = Needles(["abcdefgh", "abcdefgh-and-more"]).stream()
    out = [scrubber.feed(piece) for piece in (b"x abcdefgh", b"-and-", b"more abcdefgh", b"-and-less")]
    assert b"".join([*out, scrubber.end()]) == b"x " + b"*" * 17 + b" " + b"*" * 8 + b"-and-less"


def test_needles() -> None:
    assert not NOTHING
    assert not Needles(["short", ""])
    assert NOTHING.scrub(b"text") == NOTHING.stream().feed(b"text") == b"text"
    older, newer = Needles(["older-token", "the-secret"]), Needles(["newer-token", "the-secret"])
    both = newer | older
    assert both.scrub(b"older-token newer-token the-secret") == b"*********** *********** **********"
    assert newer | older is both
    assert newer | NOTHING is newer
    assert (newer | Needles(["the-secret"])) is newer
    assert repr(both) == "<Needles of 3 secrets>"


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
        (b"application/x-ndjson", True),
        (b"application/octet-stream", False),
        (b"image/png", False),
        (b"", False),
    ],
)
def test_text(kind: bytes, text: bool) -> None:
    assert is_text(kind) is text


def test_one_that_is_joined_with_the_one_before_it_keeps_none_of_all_before() -> None:
    """A token that ends by a refusal is joined with its successor, hundreds of times in a row."""
    needles = Needles(["the-token-number-0000"])
    for number in range(1, 50):
        successor = Needles([f"the-token-number-{number:04}"])
        assert (successor | needles).scrub(b"the-token-number-%04d" % (number - 1)) == b"*" * 21
        needles = successor
    kept = {text for thing in _reached(needles) if isinstance(thing, str) for text in [thing] if "the-token" in text}
    assert len(kept) == 2


def _reached(root: object) -> list[object]:
    found, ahead = {id(root): root}, [root]
    while ahead:
        for thing in gc.get_referents(ahead.pop()):
            if id(thing) not in found and not isinstance(thing, type | ModuleType | FunctionType):
                found[id(thing)] = thing
                ahead.append(thing)
    return list(found.values())
