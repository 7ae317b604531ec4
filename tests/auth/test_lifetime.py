from __future__ import annotations

import base64
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.lifetime import DEFAULT, LONGEST, Lifetime, UnusableLifetimeError, jwt_end

WALL = 1_700_000_000.0


def jwt(claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJub25lIn0.{payload}.c2ln"


def life(
    reply: dict[str, Any], token: str = "opaque", ttl: float | None = None, unit: str = "s", at: str = "s"
) -> float:
    plan = Lifetime("in", unit, "at", at, "refresh", ttl)
    return plan.read(reply.get, token, WALL)[0]


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
def test_trap_08_unusable_expires_in_takes_the_ttl_or_fails(value: Any) -> None:
    assert life({"in": value}, ttl=77.0) == 77.0
    with pytest.raises(UnusableLifetimeError):
        life({"in": value})


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
    assert plan.read({"in": 3600, "refresh": refresh}.get, "opaque", WALL) == (3600.0, wish)


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", "a.!!!.c", jwt([]), jwt("x"), jwt({}), jwt({"exp": None}), jwt({"exp": True}),
     jwt({"exp": math.nan}), jwt({"exp": "soon"}), "24.abc.2592000.1702592000.1-2", "é.é.é", "a.W10.c.d.e"],
)  # fmt: skip
def test_a_token_that_is_no_jwt_says_nothing(token: str) -> None:
    assert jwt_end(token) is None


def test_a_jwt_that_has_ended_is_unusable() -> None:
    with pytest.raises(UnusableLifetimeError, match="exp"):
        life({}, jwt({"exp": WALL - 10}))


def test_trap_11_what_is_left_counts_and_not_what_was_given_first() -> None:
    """A caching issuer hands out a token in the middle of its life: its absolute end tells."""
    assert life({"at": WALL + 12}) == pytest.approx(12)


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())))
def test_trap_08_no_value_means_for_ever_or_never(value: Any) -> None:
    for unit in ("s", "ms", "minutes", "hours"):
        try:
            seconds = life({"in": value, "at": value, "refresh": value}, unit=unit)
        except UnusableLifetimeError:
            continue
        assert 0 < seconds <= LONGEST
