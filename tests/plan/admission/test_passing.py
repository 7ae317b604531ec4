"""A client's own header beside the provider's credential."""

from __future__ import annotations

from proxy.auth.keys.provider import RefusalRule
from proxy.plan.admission.passing import Passing
from proxy.plan.headers import Head

RULES = [
    RefusalRule.model_validate({"status": [401]}),
    RefusalRule.model_validate({"status": [401], "header": {"WWW-Authenticate": "expired"}}),
    RefusalRule.model_validate({"status": [403], "json": {"code": [1]}}),
    RefusalRule.model_validate({"body": ["api key expired"]}),
]


def test_those_that_were_sent_go_along_as_the_config_writes_them() -> None:
    passing = Passing.compile(["Authorization", "apikey"], RULES)
    assert passing is not None
    head = passing.along(Head([b"X-A: 1\r\n"], {b"authorization": b"Bearer users", b"host": b"h"}))
    assert head is not None
    assert head.lines == [b"X-A: 1\r\n", b"Authorization: Bearer users\r\n"]


def test_nothing_goes_where_none_was_sent_or_is_meant_for_this_hop() -> None:
    passing = Passing.compile(["Authorization"], RULES)
    assert passing is not None
    assert passing.along(Head([], {b"host": b"h"})) is None
    assert passing.along(Head([], {b"authorization": b"x", b"connection": b"Authorization"})) is None
    assert Passing.compile([], RULES) is None


def test_only_what_a_body_says_is_about_the_providers_credential() -> None:
    passing = Passing.compile(["Authorization"], RULES)
    assert passing is not None
    assert passing.refusals is not None
    assert passing.refusals.at_once == frozenset()
    assert 401 not in passing.refusals.by_status
    assert len(passing.refusals.any_status) == 1
    alone = Passing.compile(["Authorization"], RULES[:2])
    assert alone is not None
    assert alone.refusals is None
