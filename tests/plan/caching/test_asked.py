"""Which requests go by a cache, what they wish of it, and that no two different ones have one key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.http.fields import Fields
from proxy.plan.caching.asked import Asked, Wish, ancestors

PLAIN = Asked("GET", b"http://127.0.0.1/api/x", [(b"Host", b"127.0.0.1")], None, b"/api")


def with_fields(*fields: tuple[bytes, bytes]) -> Asked:
    return replace(PLAIN, fields=list(fields))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ([], ""),
        ([(b"If-None-Match", b'"a"')], ""),
        ([(b"Cache-Control", b"no-cache")], ""),
        ([(b"RANGE", b"bytes=0-")], "range"),
        ([(b"If-Range", b'"a"')], "condition"),
        ([(b"If-Match", b"*")], "condition"),
        ([(b"If-Unmodified-Since", b"x")], "condition"),
        ([(b"Upgrade", b"websocket")], "upgrade"),
        ([(b"X-HTTP-Method-Override", b"DELETE")], "override"),
        ([(b"Cache-Control", b"max-age=3, No-Store")], "no-store"),
    ],
)
def test_what_goes_by(fields: Fields, why: str) -> None:
    assert with_fields(*fields).bypasses() == why


@pytest.mark.parametrize(
    ("fields", "wish"),
    [
        ([], Wish()),
        ([(b"Cache-Control", b"no-cache")], Wish(fresh=True)),
        ([(b"Cache-Control", b"must-revalidate")], Wish(fresh=True)),
        ([(b"Cache-Control", b"max-age=0")], Wish(fresh=True, oldest=0.0)),
        ([(b"Cache-Control", b"max-age=nonsense")], Wish(fresh=True, oldest=0.0)),
        ([(b"Cache-Control", b'max-age="')], Wish(fresh=True)),
        ([(b"Cache-Control", b"max-age=9, min-fresh=3")], Wish(oldest=9.0, least=3.0)),
        ([(b"Cache-Control", b"only-if-cached")], Wish(only=True)),
        ([(b"Cache-Control", b"max-stale=9")], Wish()),  # nothing stale is ever given
        ([(b"Pragma", b"no-cache")], Wish(fresh=True)),
        ([(b"Pragma", b"no-cache"), (b"Cache-Control", b"max-age=9")], Wish(oldest=9.0)),  # RFC 9111 §5.4
    ],
)
def test_wishes(fields: Fields, wish: Wish) -> None:
    assert with_fields(*fields).wish() == wish


@pytest.mark.parametrize(
    "other",
    [
        {"method": "HEAD"},
        {"url": b"http://127.0.0.1/api/x?"},
        {"url": b"https://127.0.0.1/api/x"},
        {"client": ""},
        {"client": "ann"},
        {"place": b"/ap"},
        *({"fields": [(name, b"a")]} for name in (b"Accept", b"Accept-Encoding", b"Content-Type", b"Origin")),
    ],
)
def test_whatever_differs_has_another_key(other: dict[str, Any]) -> None:
    assert replace(PLAIN, **other).key(b"") != PLAIN.key(b"")
    assert PLAIN.key(b"a") != PLAIN.key(b"")


def test_what_no_reply_depends_on_is_no_part_of_the_key() -> None:
    assert with_fields((b"User-Agent", b"a"), (b"X-Request-Id", b"1")).key(b"") == PLAIN.key(b"")


def test_variants_differ_by_what_is_named_alone() -> None:
    ann, ben = (with_fields((b"Accept-Language", language)) for language in (b"de", b"zh"))
    key = ann.key(b"")
    assert ann.variant(key, ()) == ben.variant(key, ())
    assert ann.variant(key, (b"accept-language",)) != ben.variant(key, (b"accept-language",))
    assert ann.variant(key, (b"x",)) == ben.variant(key, (b"x",))
    assert ann.variant(key, (b"x",)) != ann.variant(key, ())


_TEXT = st.binary(max_size=6)


@given(st.tuples(_TEXT, _TEXT, _TEXT), st.tuples(_TEXT, _TEXT, _TEXT))
def test_no_two_requests_run_into_each_other(one: tuple[bytes, ...], two: tuple[bytes, ...]) -> None:
    """The places where one part ends and the next begins are part of the key."""
    first, second = (replace(PLAIN, place=each[0], url=each[1]).key(each[2]) for each in (one, two))
    assert (first == second) is (one == two)


@pytest.mark.parametrize(
    ("path", "above"),
    [
        (b"/a/b/c", [b"/a/b/c", b"/a/b", b"/a"]),
        (b"/a/b/", [b"/a/b", b"/a"]),
        (b"/a", [b"/a"]),
        (b"/", []),
    ],
)
def test_what_a_write_reaches(path: bytes, above: list[bytes]) -> None:
    assert ancestors(path) == above
