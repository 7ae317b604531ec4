"""How old a kept reply is, whom it may answer, and that it comes back from its bytes as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.http.fields import Fields
from proxy.plan.caching.asked import Wish
from proxy.plan.caching.kept import OVERHEAD, Kept
from proxy.plan.caching.rule import Term

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
BORN = 1_700_000_000.0


def kept(lifetime: float = 60.0, age: float = 10.0, strict: bool = False) -> Kept:
    return Kept(HEAD, True, b"ok", (b"accept",), BORN, Term(lifetime, age, strict), b"/api/x", b'W/"a"', b"then")


@pytest.mark.parametrize(
    ("later", "wish", "answers"),
    [
        (0.0, Wish(), True),
        (49.9, Wish(), True),
        (50.0, Wish(), False),
        (-999.0, Wish(), True),  # a clock that was set back
        (0.0, Wish(fresh=True), False),
        (0.0, Wish(oldest=10.0), True),
        (0.0, Wish(oldest=9.0), False),
        (0.0, Wish(least=50.0), True),
        (1.0, Wish(least=50.0), False),
    ],
)
def test_whom_it_answers(later: float, wish: Wish, answers: bool) -> None:
    assert kept().answers(wish, BORN + later) is answers


def test_offline_it_answers_however_old_unless_the_api_said_never() -> None:
    assert kept().answers_offline(BORN + 1e9)
    assert kept(strict=True).answers_offline(BORN)
    assert not kept(strict=True).answers_offline(BORN + 50.0)


@pytest.mark.parametrize(
    ("fields", "unchanged"),
    [
        ([], False),
        ([(b"If-None-Match", b'"a"')], True),
        ([(b"If-None-Match", b'"b", W/"a"')], True),
        ([(b"If-None-Match", b'"b"')], False),
        ([(b"If-None-Match", b"*")], True),
        ([(b"If-Modified-Since", b"then")], True),
        ([(b"If-Modified-Since", b"now")], False),
        ([(b"If-None-Match", b'"b"'), (b"If-Modified-Since", b"then")], False),  # RFC 9110 §13.2.2
    ],
)
def test_who_has_it_already(fields: Fields, unchanged: bool) -> None:
    assert kept().unchanged(fields) is unchanged


def test_nothing_is_unchanged_that_had_no_tag() -> None:
    bare = Kept(HEAD, True, b"ok", (), BORN, Term(1.0, 0.0, False), b"/")
    assert not bare.unchanged([(b"If-None-Match", b"W/")])
    assert not bare.unchanged([(b"If-Modified-Since", b"")])


_BYTES = st.binary(max_size=40)


@given(_BYTES, st.booleans(), _BYTES, st.lists(_BYTES), _BYTES, _BYTES)
def test_it_comes_back_as_it_was(
    head: bytes, sized: bool, body: bytes, names: list[bytes], path: bytes, etag: bytes
) -> None:
    one = Kept(head, sized, body, tuple(names), BORN, Term(60.0, 1.5, True), path, etag, b"")
    assert Kept.from_bytes(one.to_bytes(b"key")) == (b"key", one)
    assert one.size == OVERHEAD + len(head) + len(body) + len(path)


@pytest.mark.parametrize("written", [b"", b"{}", b"[]", b"\xff", b'{"form": 2}\n', b"null\n"])
def test_what_is_no_kept_reply(written: bytes) -> None:
    with pytest.raises(ValueError, match="no kept reply"):
        Kept.from_bytes(written)


@given(st.integers(0, 400))
def test_a_torn_one_is_never_more_than_it_was(cut: int) -> None:
    """The seal tells a torn file; this alone need not, but nothing in it is made up."""
    whole = kept().to_bytes(b"key")
    try:
        _, read = Kept.from_bytes(whole[:cut])
    except ValueError:
        return
    assert HEAD.startswith(read.head)
    assert b"ok".startswith(read.body)


def test_its_text_shows_nothing_of_it() -> None:
    assert "ok" not in repr(kept()).replace("Kept", "")
    assert "/api/x" not in repr(kept())
