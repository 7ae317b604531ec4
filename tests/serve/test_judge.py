"""How long a reply is held back while its body may still be a refusal."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from proxy.auth.keys.provider import RefusalRule
from proxy.auth.refusal.refusal import Refusals
from proxy.serve.judge import Patience, is_refused
from proxy.wire.flow import Flow
from proxy.wire.outbound.reply import Broken, Reply

LONG = 3600.0
PLAIN = [(b"Content-Type", b"text/plain")]
EVENTS = [(b"Content-Type", b"text/event-stream")]


class Line:
    """The connection of a reply that a test feeds."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.closed = False

    def resume_reading(self) -> None:
        pass

    def sending(self, reply: object) -> bool:
        return False

    def abort(self) -> None:
        self.closed = True

    def tunnel(self, on_writable: object) -> Any:
        raise NotImplementedError


def rules(*written: dict[str, Any]) -> Refusals:
    return Refusals.compile([RefusalRule.model_validate(rule) for rule in written])


def reply_of(headers: list[tuple[bytes, bytes]]) -> Reply:
    reply = Reply(Line())
    reply.status, reply.headers = 200, headers
    return reply


def judging(refusals: Refusals, reply: Reply, doubt: float, silence: float = LONG) -> asyncio.Task[bool]:
    return asyncio.create_task(is_refused(refusals, reply, "GET", 0.0, Patience(doubt, silence)))


def come(reply: Flow[Any], data: bytes) -> None:
    reply.feed(data)
    reply.wake()


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


CODES, MARKERS = rules({"json": {"code": 110}}), rules({"body": "expired"})


@pytest.mark.parametrize("piece", [b"Hello there ", b'0:"Hello"\n', b"<p>", b'{"n": 1}\n', b"["])
async def test_what_no_rule_can_match_goes_on_at_once(piece: bytes) -> None:
    reply = reply_of(PLAIN)
    judged = judging(CODES, reply, LONG)
    come(reply, piece)
    assert await judged is False
    assert (reply.seen(), reply.complete) == (piece, False)


async def test_a_refusal_in_the_first_line_is_one_before_the_second_comes() -> None:
    reply = reply_of(PLAIN)
    judged = judging(CODES, reply, LONG)
    come(reply, b'{"code": ')
    await turns()
    assert not judged.done()
    come(reply, b"110}\n")
    assert await judged is True


@pytest.mark.parametrize(("refusals", "piece"), [(MARKERS, b"Hello"), (CODES, b'{"n": ')])
async def test_doubt_ends_and_nothing_of_the_stream_is_lost(refusals: Refusals, piece: bytes) -> None:
    reply = reply_of(PLAIN)
    judged = judging(refusals, reply, 0.0)
    come(reply, piece)
    assert await judged is False
    come(reply, b" more")
    assert await reply.read() == piece + b" more"


async def test_doubt_begins_with_the_first_bytes() -> None:
    reply = reply_of(PLAIN)
    judged = judging(MARKERS, reply, 0.0)
    await turns()
    assert not judged.done()
    come(reply, b"token ")
    come(reply, b"expired")
    assert await judged is True


async def test_while_in_doubt_more_of_it_counts() -> None:
    reply = reply_of(PLAIN)
    judged = judging(MARKERS, reply, LONG)
    come(reply, b"token ")
    await turns()
    come(reply, b"expired")
    await turns()
    assert not judged.done()
    reply.complete = True
    reply.wake()
    assert await judged is True


async def test_what_is_short_is_waited_for() -> None:
    reply = reply_of([*PLAIN, (b"Content-Length", b"7")])
    judged = judging(MARKERS, reply, 0.0)
    come(reply, b"ex")
    await turns()
    assert not judged.done()
    come(reply, b"pired")
    reply.complete = True
    assert await judged is True


@pytest.mark.parametrize("preamble", [b"", b"retry: 3000\n", b": connected\n\n", b"id: 1\n"])
async def test_trap_35_an_event_is_waited_for_while_it_may_come_soon(preamble: bytes) -> None:
    reply = reply_of(EVENTS)
    judged = judging(CODES, reply, LONG)
    for piece in (preamble, b"data: {", b'"code": 110}\n\n'):
        await turns()
        assert not judged.done()
        if piece:
            come(reply, piece)
    assert await judged is True


@pytest.mark.parametrize("piece", [b"retry: 3000\n", b": connected\n", b"id: 1\nevent: msg\n", b'data: {"code"'])
async def test_trap_35_a_stream_that_has_begun_is_not_held_until_an_event_is_whole(piece: bytes) -> None:
    reply = reply_of(EVENTS)
    judged = judging(CODES, reply, 0.0)
    await turns()
    assert not judged.done()
    come(reply, piece)
    assert await judged is False
    assert reply.seen() == piece


async def test_trap_35_a_stream_of_rare_news_opens() -> None:
    reply = reply_of(EVENTS)
    assert await judging(CODES, reply, LONG, 0.0) is False
    come(reply, b"data: 1\n\n")
    assert await reply.read() == b"data: 1\n\n"


async def test_what_breaks_while_in_doubt_is_broken() -> None:
    reply = reply_of(PLAIN)
    judged = judging(MARKERS, reply, LONG)
    come(reply, b"token ")
    await turns()
    reply.fail(Broken("gone"))
    with pytest.raises(Broken):
        await judged


async def test_who_leaves_while_in_doubt_closes_it() -> None:
    line = Line()
    reply = Reply(line)
    reply.status, reply.headers = 200, PLAIN
    judged = judging(MARKERS, reply, LONG)
    come(reply, b"token ")
    await turns()
    judged.cancel()
    with pytest.raises(asyncio.CancelledError):
        await judged
    assert line.closed
