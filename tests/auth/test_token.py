from __future__ import annotations

import math

import pytest

from proxy.auth.token import IssuerReply, IssuerRequest, Minted, Token
from proxy.values.now import Now

SECRET = "hush-hush"


def token(soft: float = 20.0, hard: float = 10.0) -> Token:
    return Token(1, SECRET, Now(100.0, 1000.0), Now(180.0, 1080.0), soft, hard)


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (Now(100, 1000), 80),
        (Now(140, 1040), 40),
        (Now(140, 1075), 5),  # the wall clock was set forward
        (Now(175, 900), 5),  # the wall clock was set back
        (Now(180, 1080), 0),
        (Now(181, 1000), -1),
    ],
)
def test_trap_10_the_earlier_of_two_clocks_wins(now: Now, left: float) -> None:
    assert token().left(now) == left


def test_carefree_use_ends_where_the_soft_margin_begins() -> None:
    assert (token().fresh_boot, token().fresh_wall) == (160.0, 1060.0)


def test_an_eternal_token_never_dies() -> None:
    eternal = Token.eternal(SECRET, Now(0, 0))
    assert eternal.left(Now(1e12, 1e12)) == math.inf
    assert eternal.fresh_boot == eternal.fresh_wall == math.inf
    assert eternal.generation == 1


@pytest.mark.parametrize(
    "holder",
    [
        Token(1, SECRET, Now(0, 0), Now(1, 1), 0, 0, SECRET, None, {"t": SECRET}),
        Minted(SECRET, 30.0, refresh_token=SECRET, reply={"t": SECRET}),
        IssuerRequest("POST", f"https://a.example/?s={SECRET}", (("Authorization", SECRET),), SECRET.encode()),
        IssuerReply(200, {"x": SECRET}, SECRET.encode()),
    ],
    ids=lambda holder: type(holder).__name__,
)
def test_trap_26_what_holds_a_secret_does_not_show_it(holder: object) -> None:
    assert SECRET not in repr(holder)
    assert SECRET not in str(holder)


def test_an_issuers_words_are_told_without_the_token_that_it_echoes() -> None:
    held = Token(1, SECRET, Now(0, 0), Now(1, 1), 0, 0, "r3fr3sh")
    assert held.kept_out_of(f"{SECRET} or r3fr3sh expired") == "*** or *** expired"
    assert token().kept_out_of("no refresh token") == "no refresh token"
