"""How `Cache-Control` and dates are read (RFC 9111 §5.2, §4.2.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.plan.caching.directives import FOREVER, Directives, date, joined, seconds


@pytest.mark.parametrize(
    ("said", "name", "value"),
    [
        (b"max-age=60", b"max-age", 60.0),
        (b"Max-Age = 60", b"max-age", 60.0),
        (b'max-age="60"', b"max-age", 60.0),
        (b"private, max-age=60 , no-transform", b"max-age", 60.0),
        (b'private="a, max-age=9", max-age=1', b"max-age", 1.0),
        (b"max-age", b"max-age", 0.0),
        (b"max-age=-1", b"max-age", 0.0),
        (b"max-age=1.5", b"max-age", 0.0),
        (b"max-age=60, max-age=60", b"max-age", 60.0),
        (b"max-age=60, max-age=90", b"max-age", 0.0),  # said twice: stale rather than guessed
        (b"max-age=99999999999999999999", b"max-age", FOREVER),
        (b"s-maxage=60", b"max-age", None),
        (b"", b"max-age", None),
        (b",, max-age=60", b"max-age", None),
    ],
)
def test_numbers(said: bytes, name: bytes, value: float | None) -> None:
    assert Directives(said).seconds(name) == value


def test_names_are_found_in_any_case_and_not_in_values() -> None:
    control = Directives(b'NO-STORE, private="no-cache", x=public')
    assert b"no-store" in control
    assert b"private" in control
    assert b"no-cache" not in control
    assert b"public" not in control


@pytest.mark.parametrize(
    ("said", "sound"), [(b"no-store, ", True), (b"a=1,b", True), (b"=1", False), (b'a="', False), (b"a b", False)]
)
def test_what_cannot_be_read_is_known_as_such(said: bytes, sound: bool) -> None:
    assert Directives(said).sound is sound


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_known_as_unsound(said: bytes) -> None:
    control = Directives(said)
    assert control.seconds(b"max-age") is None or control.seconds(b"max-age") >= 0.0  # type: ignore[operator]


@pytest.mark.parametrize(("said", "value"), [(b"7", 7.0), (b"", 0.0), (b" 7", 0.0), (b"x", 0.0)])
def test_seconds(said: bytes, value: float) -> None:
    assert seconds(said) == value


def test_fields_of_one_name_are_one_list() -> None:
    assert joined([(b"Vary", b"a"), (b"X", b"y"), (b"vary", b"b")], b"vary") == b"a, b"
    assert joined([], b"vary") == b""


@pytest.mark.parametrize(
    ("said", "value"),
    [
        (b"Sun, 06 Nov 1994 08:49:37 GMT", 784111777.0),
        (b"Sunday, 06-Nov-94 08:49:37 GMT", 784111777.0),
        (b"Sun Nov  6 08:49:37 1994", 784111777.0),
        (b"0", None),
        (b"", None),
        (b"Sun, 99 Nov 1994 08:49:37 GMT", None),
    ],
)
def test_dates_in_all_three_forms(said: bytes, value: float | None) -> None:
    assert date([(b"Date", said)], b"date") == value
