"""What was made of a token is there for as long as the token is."""

from __future__ import annotations

import weakref

from proxy.auth.per_token import PerToken
from proxy.auth.token import Token
from proxy.values.now import Now


class Made:
    """Something that can be watched."""


def token() -> Token:
    return Token.eternal("abc", Now(0, 0))


def test_of_this_token_and_of_no_equal_one() -> None:
    memo: PerToken[Made] = PerToken()
    one, equal = token(), token()
    assert memo.get(one) is None
    made = memo.keep(one, Made())
    assert memo.get(one) is made
    assert memo.get(equal) is None


def test_the_next_token_takes_the_place() -> None:
    memo: PerToken[Made] = PerToken()
    old, new = token(), token()
    memo.keep(old, Made())
    made = memo.keep(new, Made())
    assert memo.get(old) is None
    del old
    assert memo.get(new) is made


def test_it_keeps_no_token_and_nothing_of_one_that_is_gone() -> None:
    memo: PerToken[Made] = PerToken()
    one = token()
    made = weakref.ref(memo.keep(one, Made()))
    assert made() is not None
    del one
    assert made() is None
