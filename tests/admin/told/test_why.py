"""Why a request ended as it did: each way has its sentence, and none quotes what is secret."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.admin.told.why import why
from proxy.errors import CODES
from proxy.figures.ended import Ended
from proxy.figures.timeline import Timeline


def ended(status: int, **more: Any) -> Ended:
    made = Ended(Timeline(1.0, 2.0), "GET", "/a", status)
    for name, value in more.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize("code", CODES)
def test_every_code_says_what_to_do(code: str) -> None:
    said = why(ended(CODES[code].status, code=code, cause="it is so", provider="crm"))
    assert said[0].endswith("it is so.")
    assert said[1]
    assert "{provider}" not in said[1]


def test_a_foreign_page_is_named() -> None:
    (first, _) = why(ended(403, code="origin_refused", cause="no", origin="http://evil.test"))
    assert "http://evil.test" in first


@pytest.mark.parametrize(
    ("record", "word"),
    [
        (ended(499), "client left"),
        (ended(401, attempts=2), "missing permission"),
        (ended(200, attempts=2), "once more"),
        (ended(401, note="paused"), "missing permission"),
        (ended(401, note="credential_dead"), "put another one"),
        (ended(401, note="of another release"), "of another release"),
        (ended(200, note="cached"), "not asked"),
        (ended(404), "API's own answer"),
        (ended(403), "account"),
        (ended(200, cut=True), "broke off"),
    ],
)
def test_what_is_no_error_of_ours(record: Ended, word: str) -> None:
    assert word in " ".join(why(record))


def test_what_was_answered_from_the_cache_was_refused_by_nobody() -> None:
    assert "refused" not in " ".join(why(ended(200, note="cached")))


def test_what_went_well_needs_no_words() -> None:
    assert why(ended(200)) == []
