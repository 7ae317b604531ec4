from __future__ import annotations

import base64
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.reading.lifetime import DEFAULT, Lifetime, Span, jwt_end, skew, skew_told
from proxy.auth.reading.times import LONGEST

WALL = 1_700_000_000.0


def jwt(claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJub25lIn0.{payload}.c2ln"


def span(
    reply: dict[str, Any],
    token: str = "opaque",
    ttl: float | None = None,
    unit: str = "s",
    at: str = "s",
    dated: float | None = None,
) -> Span:
    return Lifetime("in", unit, "at", at, "refresh", ttl).read(reply.get, token, WALL, dated)


def life(
    reply: dict[str, Any], token: str = "opaque", ttl: float | None = None, unit: str = "s", at: str = "s"
) -> float:
    return span(reply, token, ttl, unit, at).life


@pytest.mark.parametrize(
    ("value", "unit", "seconds"),
    [
        (3600, "s", 3600),
        ("3600", "s", 3600),
        (" 3600 ", "s", 3600),
        (3600.5, "s", 3600.5),
        ("3.6e3", "s", 3600),
        (3_600_000, "ms", 3600),
        (43200, "minutes", 2_592_000),
        ("12", "hours", 43_200),
        (0.5, "s", 0.5),
        ("2023-11-14T23:13:20Z", "s", 3600),
        ("2023-11-14T23:13:20.5+00:00", "s", 3600.5),
        ("Tue, 14 Nov 2023 23:13:20 GMT", "s", 3600),
        (WALL + 3600, "s", 3600),
        ((WALL + 3600) * 1000, "s", 3600),
        ((WALL + 3600) * 1000, "ms", 3600),
        (10**12, "s", LONGEST),
        (10**300, "s", LONGEST),
        (10**9, "s", LONGEST),
    ],
)
def test_trap_08_expires_in_shapes(value: Any, unit: str, seconds: float) -> None:
    assert life({"in": value}, unit=unit) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value",
    [0, -1, "0", "-3600", math.nan, math.inf, -math.inf, "NaN", "Infinity", True, False, "", "soon", [], {}, [3600],
     "2020-01-01T00:00:00Z", "3600 apples", "1_000", "٣٦٠٠", 10**400, "9" * 100],
    ids=repr,
)  # fmt: skip
def test_trap_08_unusable_expires_in_takes_the_ttl_or_is_guessed_and_said(value: Any) -> None:
    assert span({"in": value}, ttl=77.0) == Span(77.0, None, None)
    guessed = span({"in": value})
    assert guessed.life == DEFAULT
    assert "`in`" in (guessed.doubt or "")


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (WALL + 3600, "s"),
        (str(int(WALL + 3600)), "s"),
        ((WALL + 3600) * 1000, "ms"),
        ((WALL + 3600) * 1000, "s"),
        ("2023-11-14T23:13:20Z", "iso"),
        ("2023-11-14T23:13:20.000000000Z", "iso"),
        ("2023-11-15T07:13:20+08:00", "iso"),
        ("2023-11-14 23:13:20", "iso"),
        ("Tue, 14 Nov 2023 23:13:20 GMT", "s"),
        (WALL + 3600, "iso"),
    ],
)
def test_trap_08_expires_at_shapes(value: Any, unit: str) -> None:
    assert life({"at": value}, at=unit) == pytest.approx(3600)


@pytest.mark.parametrize(
    ("reply", "token", "ttl", "seconds"),
    [
        ({"in": 100, "at": WALL + 200}, jwt({"exp": WALL + 300}), 400.0, 100),
        ({"at": WALL + 200}, jwt({"exp": WALL + 300}), 400.0, 200),
        ({"in": None}, jwt({"exp": WALL + 300}), 400.0, 300),
        ({}, "opaque", 400.0, 400),
        ({}, "opaque", None, DEFAULT),
        ({"in": "soon", "at": WALL + 200}, "opaque", None, 200),
        ({"in": "soon"}, jwt({"exp": WALL + 300}), None, 300),
        ({"in": 0, "at": WALL + 200}, "opaque", 400.0, 200),
        ({"in": 0, "at": "soon"}, jwt({"exp": WALL - 300}), 400.0, 400),
        ({"refresh": 50}, "opaque", None, 50),
    ],
)
def test_the_first_source_counts(reply: dict[str, Any], token: str, ttl: float | None, seconds: float) -> None:
    assert life(reply, token, ttl) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("refresh", "wish"), [(600, 600.0), ("600", 600.0), (3600, None), (0, None), (-1, None), ("x", None), (None, None)]
)
def test_refresh_in_is_a_wish_within_the_life(refresh: Any, wish: float | None) -> None:
    plan = Lifetime(expires_in="in", refresh_in="refresh")
    assert plan.read({"in": 3600, "refresh": refresh}.get, "opaque", WALL) == (3600.0, wish, None)


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", "a.!!!.c", jwt([]), jwt("x"), jwt({}), jwt({"exp": None}), jwt({"exp": True}),
     jwt({"exp": math.nan}), jwt({"exp": "soon"}), "24.abc.2592000.1702592000.1-2", "é.é.é", "a.W10.c.d.e"],
)  # fmt: skip
def test_a_token_that_is_no_jwt_says_nothing(token: str) -> None:
    assert jwt_end(token) is None


def test_what_nobody_said_is_no_doubt() -> None:
    assert span({}) == Span(DEFAULT, None, None)


def test_every_word_that_was_not_taken_is_told() -> None:
    doubt = span({"in": 0, "at": "soon"}, jwt({"exp": WALL - 10})).doubt
    assert doubt == (
        "`in` gives a lifetime of 0 s; `at` can't be read as a time: a text of 4 characters; "
        "the token's `exp` gives a lifetime of -10 s"
    )
    assert span({"in": "10:00"}).doubt == "`in` is 10:00: hours and minutes, or minutes and seconds?"
    assert span({"in": "pt90m"}) == Span(5400.0, None, None)


# ------------------------------------------------------------------ whose clock


@pytest.mark.parametrize("ahead", [-86400.0, -360.0, -20.0, 0.0, 20.0, 360.0, 86400.0])
@pytest.mark.parametrize("iat", [True, False])
def test_absolute_times_are_by_the_issuers_clock(ahead: float, iat: bool) -> None:
    """`ahead`: its clock of ours. The token lives five minutes by its own."""
    begin = WALL + ahead
    token = jwt({"exp": begin + 300, **({"iat": begin} if iat else {})})
    for reply, value in (({}, token), ({"at": begin + 300}, "opaque"), ({"in": begin + 300}, "opaque")):
        assert span(reply, value, dated=begin) == Span(300.0, None, None)
    assert span({"in": 300, "refresh": begin + 100}, dated=begin).refresh_in == 100


@pytest.mark.parametrize(
    ("claims", "seconds"),
    [
        ({"iat": WALL - 360, "exp": WALL - 60}, 300),  # our clock is ahead: it calls a new token dead
        ({"iat": WALL - 200, "exp": WALL + 100}, 100),  # partly used, or skew: the shorter life
        ({"iat": WALL + 360, "exp": WALL + 660}, 300),  # our clock is behind
        ({"iat": WALL + 700, "exp": WALL + 660}, 660),  # nonsense
        ({"iat": "soon", "exp": WALL + 60}, 60),
    ],
)
def test_without_a_date_a_jwt_tells_its_whole_life(claims: dict[str, Any], seconds: float) -> None:
    assert life({}, jwt(claims)) == seconds


def test_trap_11_a_dead_token_is_not_believed_for_its_whole_life_where_the_issuers_clock_is_known() -> None:
    dead = span({}, jwt({"iat": WALL - 7200, "exp": WALL - 3600}), dated=WALL)
    assert dead.life == DEFAULT
    assert dead.doubt


def test_trap_11_a_token_that_was_used_before_lives_for_the_rest_by_the_issuers_clock() -> None:
    assert span({}, jwt({"iat": WALL - 600, "exp": WALL - 60}), dated=WALL - 360).life == 300


def test_a_second_that_was_cut_off_is_no_skew() -> None:
    assert span({"at": WALL + 300}, dated=WALL - 1).life == 300


@pytest.mark.parametrize(
    ("sent", "came", "dated", "seconds"),
    [
        (WALL, WALL + 2, WALL, 0),
        (WALL, WALL + 2, WALL + 2, 0),
        (WALL + 0.9, WALL + 0.95, WALL, 0),
        (WALL, WALL + 15, WALL + 15, 0),
        (WALL, WALL + 2, WALL + 362, 360),
        (WALL, WALL + 2, WALL - 361, -360),
    ],
)
def test_a_slow_reply_is_no_skew(sent: float, came: float, dated: float, seconds: float) -> None:
    assert skew(sent, came, dated) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (9.9, None),
        (-9.9, None),
        (360.0, "the issuer's clock is 360 s ahead of this machine's"),
        (-20.2, "the issuer's clock is 20 s behind this machine's"),
    ],
)
def test_skew_is_told_where_it_is_worth_it(seconds: float, told: str | None) -> None:
    assert skew_told(seconds) == told


def test_trap_11_what_is_left_counts_and_not_what_was_given_first() -> None:
    """A caching issuer hands out a token in the middle of its life: its absolute end tells."""
    assert life({"at": WALL + 12}) == pytest.approx(12)


@given(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())),
    st.none() | st.floats(0, 1e11),
)
def test_trap_08_no_value_means_for_ever_or_never(value: Any, dated: float | None) -> None:
    for unit in ("s", "ms", "minutes", "hours"):
        for token in ("opaque", jwt({"iat": WALL, "exp": value})):
            seconds = span({"in": value, "at": value, "refresh": value}, token, unit=unit, dated=dated).life
            assert 0 < seconds <= LONGEST
