"""Lending as such: names, bounds, what is left to another process."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Sequence

import pytest

from proxy.errors import Fault
from proxy.process.lending.lender import MOST, Lender, told, written
from proxy.process.lending.offer import Offer, OfferedRoute
from proxy.serve.sessions import Session, Sessions
from tests.raw import PATIENCE


def lender(sessions: Sessions, *spread: list[int]) -> Lender:
    async def tell() -> None:
        for heard in spread:
            heard.append(len(sessions))

    def offer(names: Sequence[str]) -> Offer:
        return Offer(tuple(OfferedRoute(prefix, f"http://x{prefix}") for prefix in names or ("/a", "/b")))

    return Lender(sessions, offer, lambda: 100.0, tell)


async def test_names_are_told_apart_and_workers_hear_of_each() -> None:
    heard: list[int] = []
    sessions = Sessions()
    lend = lender(sessions, heard).answers()["lend"]
    for _ in range(3):
        await lend(["exec app", "60", "/a"])
    assert [each.name for each in sessions] == ["exec app", "exec app 2", "exec app 3"]
    assert {(each.routes, each.until) for each in sessions} == {(("/a",), 160.0)}
    assert heard == [1, 2, 3]


async def test_no_more_than_a_takeover_can_hand_on() -> None:
    sessions = Sessions()
    lend = lender(sessions).answers()["lend"]
    for number in range(MOST):
        await lend([f"app {number}", "60"])
    with pytest.raises(Fault, match="no more keys"):
        await lend(["one more", "60"])


async def test_while_another_takes_over_none_is_lent() -> None:
    ours = lender(Sessions())
    ours.leave()
    with pytest.raises(Fault, match="no more keys"):
        await ours.answers()["lend"](["app", ""])
    ours.resume()
    await ours.answers()["lend"](["app", ""])


async def test_what_is_left_goes_on_until_its_connection_ends() -> None:
    here, there = socket.socketpair()
    sessions = Sessions()
    heir = lender(sessions)
    left = [Session("exec app", "00", ("/a",), 1.0).document(), Session("env", "11", ("/a",), 1.0, 999.0).document()]
    heir.go_on(json.loads(json.dumps(left)), [here])
    assert len(sessions) == 2
    there.close()
    async with asyncio.timeout(PATIENCE):
        while len(sessions) == 2:  # noqa: ASYNC110 -- nothing in there sets an event for tests
            await asyncio.sleep(0)
    assert [each.name for each in sessions] == ["env"]
    await heir.close()


async def test_a_worker_knows_what_it_was_told_last() -> None:
    theirs, ours = Sessions(), Sessions([Session("a", "00", ("/a",), 1.0)])
    hear = told(theirs)["sessions"]
    await hear([written(ours)])
    assert list(theirs) == list(ours)
    await hear([written(Sessions())])
    assert len(theirs) == 0
