"""A request has an id: its own where it brings one, else one that its answer and its line have in common."""

from __future__ import annotations

import re

import pytest

from proxy.figures.ended import Ended
from tests.conftest import Stage

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
FRESH = r"[0-9a-f]{16}"


async def watched(stage: Stage) -> list[Ended]:
    told: list[Ended] = []
    service = await stage.open()
    service.front.observers.figures.watchers.append(told.append)
    return told


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], FRESH),
        (["X-Request-Id: abc-7"], "abc-7"),
        (["x-request-id: abc-7", f"Traceparent: {PARENT}"], "abc-7"),
        ([f"traceparent: {PARENT}"], TRACE),
        (["X-Request-Id: <b>"], FRESH),
        (["X-Request-Id: a", "X-Request-Id: b"], FRESH),
        (["X-Request-Id: " + "x" * 129], FRESH),
    ],
)
async def test_an_answer_of_our_own_and_its_line_have_the_same(stage: Stage, headers: list[str], expected: str) -> None:
    told = await watched(stage)
    answer = await stage.ask("GET /nowhere HTTP/1.1", *headers)
    said = answer.get("X-Request-Id")
    assert said is not None
    assert re.fullmatch(expected, said)
    assert answer.json()["request_id"] == said
    assert [(ended.code, ended.id) for ended in told] == [("no_route", said)]


async def test_no_two_have_the_same(stage: Stage) -> None:
    await watched(stage)
    answers = [await stage.ask("GET /nowhere HTTP/1.1") for _ in range(3)]
    assert len({answer.get("X-Request-Id") for answer in answers}) == 3


@pytest.mark.parametrize(("headers", "expected"), [([], ""), (["X-Request-Id: abc-7"], "abc-7")])
async def test_an_answer_of_the_api_is_passed_on_as_it_came(stage: Stage, headers: list[str], expected: str) -> None:
    """It has ids of its own, which its support asks for. The client's goes to the API, and into the line."""
    told = await watched(stage)
    answer = await stage.ask("GET /oauth2/echo HTTP/1.1", *headers)
    assert answer.get("X-Request-Id") is None
    sent = {name.lower(): value for name, value in answer.json()["headers"].items()}
    assert sent.get("x-request-id", "") == expected
    assert [ended.id for ended in told] == [expected]


@pytest.mark.parametrize(
    ("header", "cause"),
    [
        ("Origin: http://App.example.com:22200", "origin=http://app.example.com:22200"),
        ("Origin: null", "origin=null"),
        ("Origin: http://key@app.example.com", "origin=malformed"),
        ("Origin: kls_secret", "origin=malformed"),
        ("Sec-Fetch-Site: cross-site", "sec-fetch-site=cross-site"),
        ("Sec-Fetch-Site: <b>", "sec-fetch-site=malformed"),
        ("Host: evil.example.com", "host=evil.example.com"),
    ],
)
async def test_a_refusal_says_to_the_log_what_it_refuses(stage: Stage, header: str, cause: str) -> None:
    told = await watched(stage)
    answer = await stage.ask("GET /oauth2/echo HTTP/1.1", header)
    assert answer.status == 403
    assert [ended.cause for ended in told] == [cause]
    assert cause.encode() not in answer.body
