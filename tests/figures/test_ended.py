"""The record of an exchange that is over."""

from __future__ import annotations

import json

from proxy.figures.ended import Ended
from proxy.figures.timeline import Timeline


def full() -> Ended:
    times = Timeline(10.0, 1_700_000_000.12345)
    times.sent, times.first, times.ended = 10.001, 10.5, 10.51
    made = Ended(times, "GET", "/a/x", 502)
    made.id, made.trace, made.route, made.provider, made.client = "r1", "t1", "/a", "p", "app"
    made.code, made.cause, made.attempts, made.note = "upstream_protocol", "why", 2, "body_too_large"
    made.cut, made.received, made.sent = True, 100, 200
    return made


def test_its_document_is_json_and_says_all_of_it() -> None:
    document = json.loads(json.dumps(full().document()))
    assert document["spans"] == [["prepare", 0.0, 0.001], ["first byte", 0.001, 0.499], ["answer", 0.5, 0.01]]
    assert (document["seconds"], document["upstream"], document["own"]) == (0.51, 0.499, 0.011)
    assert (document["code"], document["cause"], document["attempts"]) == ("upstream_protocol", "why", 2)


def test_a_short_one_is_kept_as_it_is_and_a_long_one_keeps_all_but_its_length() -> None:
    made = full()
    assert made.shortened(100) is made
    made.path = "/a" * 100
    short = made.shortened(50)
    assert short.document() == made.document() | {"path": made.path[:50]}
