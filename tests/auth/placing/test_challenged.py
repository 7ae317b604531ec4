"""Which challenge is in use, and which refusals are answered."""

from __future__ import annotations

import re
from typing import Any

import pytest

from proxy.auth.placing.challenged import MOST, Challenged, Standing
from proxy.auth.placing.draft import Draft
from proxy.auth.token import Token
from proxy.http.fields import Fields
from proxy.http.origin import Origin
from proxy.values.now import Now

API, OTHER = Origin(True, "api.test", 443), Origin(True, "other.test", 443)
TOKEN = Token.eternal("a-password", Now(0.0, 0.0))


def challenge(nonce: str, stale: bool = False) -> Fields:
    said = f'Digest realm="r", nonce="{nonce}", qop="auth"' + (", stale=true" if stale else "")
    return [(b"Date", b"x"), (b"Www-Authenticate", said.encode())]


def placed(challenged: Challenged, token: Token, target: bytes = b"/x") -> dict[str, str]:
    draft = Draft("GET", API, target, b"", [])
    challenged.place(draft, token)
    line = draft.lines[0].decode() if draft.lines else ""
    return dict(re.findall(r'(\w+)="?([^",]*)"?', line.removeprefix("Authorization: Digest ")))


def taught(challenged: Challenged, token: Token, headers: Fields) -> Token:
    made = challenged.learnt(token, API, headers)
    assert made is not None
    return made


@pytest.fixture
def challenged() -> Challenged:
    return Challenged("user", "a-password")


def test_nothing_is_sent_before_there_is_a_challenge(challenged: Challenged) -> None:
    assert challenged.ready(TOKEN, API) is TOKEN
    assert placed(challenged, TOKEN) == {}


def test_a_challenge_serves_for_all_that_follow_and_counts(challenged: Challenged) -> None:
    first = taught(challenged, TOKEN, challenge("n1"))
    counts = [placed(challenged, token)["nc"] for token in (first, challenged.ready(TOKEN, API), first)]
    assert counts == ["00000001", "00000002", "00000003"]
    assert challenged.ready(TOKEN, OTHER) is TOKEN


def test_the_count_goes_on_in_hexadecimal(challenged: Challenged) -> None:
    token = taught(challenged, TOKEN, challenge("n1"))
    assert [placed(challenged, token)["nc"] for _ in range(16)][-2:] == ["0000000f", "00000010"]


def test_an_answer_that_was_refused_is_final(challenged: Challenged) -> None:
    token = taught(challenged, TOKEN, challenge("n1"))
    assert challenged.learnt(token, API, challenge("n2")) is None
    assert challenged.renewal(token, challenge("n2")) is None


def test_one_that_was_too_old_is_not(challenged: Challenged) -> None:
    token = taught(challenged, TOKEN, challenge("n1"))
    newer = taught(challenged, token, challenge("n2", stale=True))
    assert placed(challenged, newer)["nonce"] == "n2"
    assert placed(challenged, newer)["nc"] == "00000002"
    assert placed(challenged, challenged.ready(TOKEN, API))["nonce"] == "n2"


def test_a_nonce_that_was_good_may_be_too_old_without_a_word(challenged: Challenged) -> None:
    token = taught(challenged, TOKEN, challenge("n1"))
    challenged.accepted(token, API, [])
    assert challenged.renewal(token, challenge("n1")) is None  # the same again: it is something else
    assert placed(challenged, taught(challenged, token, challenge("n2")))["nonce"] == "n2"


def test_a_request_that_was_under_way_answers_its_own_challenge(challenged: Challenged) -> None:
    one, two = (taught(challenged, TOKEN, challenge(nonce)) for nonce in ("n1", "n2"))
    assert [placed(challenged, token)["nonce"] for token in (one, two)] == ["n1", "n2"]


def test_the_next_nonce_is_taken_and_the_count_begins_anew(challenged: Challenged) -> None:
    token = taught(challenged, TOKEN, challenge("n1"))
    placed(challenged, token)
    challenged.accepted(token, API, [(b"authentication-info", b'nextnonce="n2"')])
    said = placed(challenged, challenged.ready(TOKEN, API))
    assert (said["nonce"], said["nc"]) == ("n2", "00000001")
    challenged.accepted(token, API, [(b"Authentication-Info", b'nextnonce="n0"')])  # of one that is no longer in use
    assert placed(challenged, challenged.ready(TOKEN, API))["nonce"] == "n2"


def test_without_a_digest_among_the_challenges_there_is_nothing_to_answer(challenged: Challenged) -> None:
    for headers in ([], [(b"WWW-Authenticate", b'Basic realm="r"')]):
        assert challenged.learnt(TOKEN, API, headers) is None


def test_challenges_are_bounded(challenged: Challenged) -> None:
    for number in range(MOST + 50):
        challenged.learnt(TOKEN, Origin(True, f"{number}.test", 443), challenge("n"))
    kept = [
        number
        for number in range(MOST + 50)
        if challenged.ready(TOKEN, Origin(True, f"{number}.test", 443)) is not TOKEN
    ]
    assert kept == list(range(50, MOST + 50))


def test_neither_it_nor_a_challenge_in_use_shows_the_password(challenged: Challenged) -> None:
    token = taught(challenged, TOKEN, challenge("n1"))
    standing: Any = token.reply
    assert isinstance(standing, Standing)
    for shown in (challenged, standing, token):
        assert "a-password" not in repr(shown)
        assert standing.proof not in repr(shown)
