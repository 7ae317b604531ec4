"""A secret is a text in every way but one."""

from __future__ import annotations

import copy
import json
import pickle
import traceback
from dataclasses import asdict

import pytest

from proxy.auth.token import Token
from proxy.values.now import Now
from proxy.values.secret import HIDDEN, Secret, hidden, revealed

PLAIN = "a-canary-in-its-cage"
SECRET = Secret(PLAIN)


def test_it_prints_as_stars() -> None:
    for shown in (
        str(SECRET),
        repr(SECRET),
        f"{SECRET}",
        f"{SECRET!r:>10}",
        f"{SECRET:>10}",
        "%s" % SECRET,  # noqa: UP031 -- one of the ways
        f"{[SECRET]}",
    ):
        assert PLAIN not in shown
        assert HIDDEN in shown


def test_what_is_made_of_it_is_plain() -> None:
    assert type("".join((SECRET, ""))) is type(SECRET + "") is type(SECRET[:]) is type(revealed(SECRET)) is str
    assert SECRET == PLAIN == revealed(SECRET) == revealed(PLAIN)
    assert hash(SECRET) == hash(PLAIN)
    assert SECRET.encode() == PLAIN.encode()
    assert json.loads(json.dumps({"a": SECRET})) == {"a": PLAIN}
    assert hidden(None) is None


def test_copies_stay_secret() -> None:
    for twin in (Secret(SECRET), hidden(SECRET), pickle.loads(pickle.dumps(SECRET)), copy.deepcopy(SECRET)):
        assert type(twin) is Secret
        assert twin == PLAIN


def test_a_token_keeps_its_texts_hidden() -> None:
    token = Token(1, PLAIN, Now(0, 0), Now(1, 1), 0, 0, refresh_token=PLAIN)
    assert PLAIN not in f"{token} {token.value} {token.refresh_token} {asdict(token)}"
    assert token.value == token.refresh_token == PLAIN


def test_nor_does_a_traceback_with_local_variables_show_it() -> None:
    def breaks(_secret: str, _token: Token) -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError) as caught:
        breaks(SECRET, Token.eternal(PLAIN, Now(0, 0)))
    # Not this test's own frame, in whose globals the plain text is.
    inner = caught.value.with_traceback(caught.tb.tb_next)
    shown = "".join(traceback.TracebackException.from_exception(inner, capture_locals=True).format())
    assert "_secret = '***'" in shown
    assert PLAIN not in shown
