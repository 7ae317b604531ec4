from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.reading.cookies import Cookie, find_cookie

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], None),
        (["sid=abc"], Cookie("abc")),
        (["SID=abc"], None),
        (["other=1", "sid=abc; Path=/; HttpOnly; Secure"], Cookie("abc")),
        (["sid=abc; Max-Age=1800"], Cookie("abc", 1800.0)),
        (["sid=abc;max-age = 60 ;path=/"], Cookie("abc", 60.0)),
        (["sid=abc; Expires=Tue, 14 Nov 2023 23:13:20 GMT"], Cookie("abc", 3600.0)),
        (["sid=abc; Expires=Tue, 14-Nov-2023 23:13:20 GMT"], Cookie("abc", 3600.0)),
        (["sid=abc; Max-Age=60; Expires=Tue, 14 Nov 2023 23:13:20 GMT"], Cookie("abc", 60.0)),
        (["sid=abc; Max-Age=60; Max-Age=90"], Cookie("abc", 90.0)),
        (["sid=abc; Max-Age=soon; Expires=never"], Cookie("abc")),
        (["sid=a=b=="], Cookie("a=b==")),
        ([' sid = "abc" '], Cookie('"abc"')),
        (["sid=one", "sid=two"], Cookie("two")),
        (["sid=abc; Max-Age=0"], None),
        (["sid=abc; Max-Age=-1"], None),
        (["sid=deleted; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], None),
        (["sid=abc", "sid=; Max-Age=0"], None),
        (["sid="], None),
        (["sid"], None),
        ([""], None),
    ],
)
def test_the_cookie_of_that_name(lines: list[str], expected: Cookie | None) -> None:
    assert find_cookie(lines, "sid", NOW) == expected


@given(st.lists(st.text(max_size=80), max_size=3), st.floats(0, 2e9))
def test_nothing_that_comes_in_raises(lines: list[str], now: float) -> None:
    find_cookie(lines, "sid", now)


def test_a_cookie_shows_nothing() -> None:
    assert "abc" not in repr(Cookie("abc", 60.0))
