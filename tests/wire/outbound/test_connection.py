"""Framing, backpressure and deadlines of one connection, against a real socket."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.errors import Fault
from proxy.serve.upstream import Broken, Reply, Stalled
from proxy.wire.outbound.connection import HIGH_WATER
from proxy.wire.outbound.parser import MAX_HEAD
from tests.wire.outbound.conftest import LOOPS
from tests.wire.outbound.scripted import LONG, Peer, leg, replies, then_close, whole

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"
OLD = b"HTTP/1.0 200 OK\r\n"
CLOSE = b"Connection: close\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


# -------------------------------------------------------------- framing


@pytest.mark.parametrize(
    ("answer", "status", "body", "reused"),
    [
        pytest.param(HELLO, 200, b"hello", True, id="length"),
        pytest.param(OK + b"Content-Length: 0\r\n\r\n", 200, b"", True, id="empty"),
        pytest.param(CHUNKED + b"3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", 200, b"hello", True, id="chunked"),
        pytest.param(CHUNKED + b"0\r\n\r\n", 200, b"", True, id="chunked-empty"),
        pytest.param(OK + b"transfer-encoding: Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", 200, b"x", True, id="chunked-case"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True, id="204"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, b"", True, id="304"),
        pytest.param(b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", 200, b"x", True, id="no-reason"),
        pytest.param(b"HTTP/1.1 999 Odd\r\nContent-Length: 1\r\n\r\nx", 999, b"x", True, id="999"),
        pytest.param(OK + b"Connection: close\r\nContent-Length: 1\r\n\r\nx", 200, b"x", False, id="close"),
        pytest.param(OK + CLOSE + CHUNKED[len(OK) :] + b"1\r\nx\r\n0\r\n\r\n", 200, b"x", False, id="chunked-close"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, b"x", False, id="1.0"),
        pytest.param(OLD + b"Connection: keep-alive\r\nContent-Length: 1\r\n\r\nx", 200, b"x", True, id="1.0-keep"),
        pytest.param(
            b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
            200, b"x", False, id="1.0-chunked",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("split", [False, True])
async def test_a_reply_is_read_to_its_end(answer: bytes, status: int, body: bytes, reused: bool, split: bool) -> None:
    async def play(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(*([answer[: len(answer) // 2], answer[len(answer) // 2 :]] if split else [answer]))

    async with leg(play) as api:
        assert await api.ask() == (status, body)
        assert await api.ask() == (status, body)
        assert api.accepted == (1 if reused else 2)


async def test_a_body_may_end_with_the_connection() -> None:
    async with leg(then_close(OK + b"\r\nhel", b"lo")) as api:
        assert await api.ask() == (200, b"hello")
        assert api.upstream.pool.idle == 0


async def test_a_head_may_come_byte_by_byte() -> None:
    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(*(HELLO[at : at + 1] for at in range(len(HELLO))))
        await peer.gone()

    async with leg(play) as api:
        reply = await api.send()
        assert (reply.status, reply.reason, reply.headers) == (200, b"OK", [(b"Content-Length", b"5")])
        assert await whole(reply) == b"hello"


async def test_head_has_no_body_whatever_its_length_says() -> None:
    async with leg(
        replies(OK + b"Content-Length: 5\r\n\r\n", HELLO, OK + b"Transfer-Encoding: chunked\r\n\r\n")
    ) as api:
        assert await api.ask("HEAD") == (200, b"")
        assert await api.ask() == (200, b"hello")
        assert await api.ask("HEAD") == (200, b"")
        assert api.accepted == 1


async def test_trailers_are_kept() -> None:
    async with leg(replies(CHUNKED + b"1\r\nx\r\n0\r\nX-Sum: 7\r\nX-End: yes\r\n\r\n")) as api:
        reply = await api.send()
        assert await whole(reply) == b"x"
        assert reply.trailers == [(b"X-Sum", b"7"), (b"X-End", b"yes")]
        assert reply.headers == [(b"Transfer-Encoding", b"chunked")]


async def test_what_was_read_can_be_given_back() -> None:
    async with leg(replies(HELLO)) as api:
        reply = await api.send()
        first = await reply.read()
        reply.give_back(first)
        reply.give_back(b"")
        assert await whole(reply) == b"hello"
        assert (reply.header(b"content-length"), reply.header(b"x")) == (b"5", None)
        assert repr(reply) == "<Reply 200 complete, 0 bytes waiting>"


# -------------------------------------------------------------- 1xx and 101


async def test_early_replies_are_told_and_then_forgotten() -> None:
    answer = (
        b"HTTP/1.1 100 Continue\r\n\r\n"
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
        b"HTTP/1.1 102 Processing\r\nX-Step: 1\r\n\r\n"
    ) + HELLO  # fmt: skip
    seen: list[tuple[int, Any]] = []
    async with leg(replies(answer, HELLO)) as api:
        reply = await api.send(early=lambda status, headers: seen.append((status, headers)))
        assert seen == [(103, [(b"Link", b"</a.css>")]), (102, [(b"X-Step", b"1")])]
        assert reply.headers == [(b"Content-Length", b"5")]
        assert await whole(reply) == b"hello"
        assert await api.ask() == (200, b"hello")  # nobody to tell
        assert api.accepted == 1


async def test_a_listener_that_fails_ends_the_exchange() -> None:
    def early(status: int, headers: object) -> None:
        raise ConnectionResetError("the client has gone")

    async with leg(replies(b"HTTP/1.1 103 Early Hints\r\n\r\n" + HELLO)) as api:
        with pytest.raises(Fault, match="the client has gone"):
            await api.send(early=early)
        await api.deserted()


async def test_101_opens_a_tunnel_and_bytes_behind_the_head_are_kept() -> None:
    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x00first"
        )
        assert await peer.reader.readexactly(4) == b"ping"
        await peer.send(b"pong")
        peer.close()

    async with leg(play) as api:
        reply = await api.send(upgrade=b"websocket")
        assert reply.status == 101
        assert await reply.read() == b"\x00first"
        reply.tunnel(lambda: None).write(b"ping")
        assert await reply.read() == b"pong"
        assert await reply.read() == b""
        assert reply.connection.deadline == float("inf")


# -------------------------------------------------------------- backpressure


async def test_a_reader_that_does_not_read_stops_the_api() -> None:
    size = 32 * 1024 * 1024
    sent = 0

    async def play(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(OK + b"Content-Length: %d\r\n\r\n" % size)
        while sent < size:
            await peer.send(bytes(65536))
            sent += 65536
        await peer.gone()

    async with leg(play) as api:
        reply = await api.send(idle=0.3)
        await _still(lambda: sent)
        assert sent < size
        waiting = reply._size
        assert HIGH_WATER < waiting <= HIGH_WATER + 256 * 1024  # one read of the loop's; from there on they are smaller
        assert reply.connection.deadline == float("inf")  # the API is not to blame for a slow client
        total = 0
        while data := await reply.read():
            total += len(data)
            assert total == len(data) or len(data) <= 3 * HIGH_WATER
            assert reply._size <= 3 * HIGH_WATER
        assert total == size
        assert api.upstream.pool.idle == 1


async def test_a_connection_is_reused_though_its_last_reply_is_not_read_yet() -> None:
    """The first reply paused the socket when it ended; the second exchange must not wait for its reader."""
    big = bytes(HIGH_WATER + 1024)

    async with leg(replies(OK + b"Content-Length: %d\r\n\r\n" % len(big) + big, HELLO)) as api:
        first = await api.send()
        while not first.complete:
            first.give_back(await first.read())
            await asyncio.sleep(0.01)  # the loop's turn to read the socket
        assert await api.ask() == (200, b"hello")
        assert await whole(first) == big
        first.close()
        assert api.accepted == 1
        assert api.upstream.pool.idle == 1


async def test_an_api_that_does_not_read_stops_the_upload() -> None:
    piece, size = bytes(65536), 64 * 1024 * 1024
    sent = 0
    go = asyncio.Event()

    async def play(peer: Peer) -> None:
        await peer.request()
        await go.wait()  # what asyncio's reader takes ahead of it is 128 KiB
        for _ in range(size // len(piece)):
            await peer.reader.readexactly(len(piece))
        await peer.send(HELLO)
        await peer.gone()

    class Pieces:
        length = size
        replayable = False

        async def pieces(self) -> AsyncGenerator[bytes, None]:
            nonlocal sent
            while sent < size:
                yield piece
                sent += len(piece)

    async with leg(play) as api:
        connection = await api.upstream.pool.open(api.origin, LONG)
        reply = connection.begin(api.call("POST", Pieces()))
        await _still(lambda: sent)
        assert sent < size
        assert connection.writing_paused
        assert connection.transport is not None
        assert connection.transport.get_write_buffer_size() <= 2 * len(piece) + 65536
        go.set()
        await asyncio.wait_for(reply.head(), LONG)
        assert await whole(reply) == b"hello"
        assert api.upstream.pool.idle == 1


async def _still(progress: Any) -> None:
    """Until a number has not moved for a while."""
    last = -1
    while last != progress() or not last:
        last = progress()
        await asyncio.sleep(0.15)


# -------------------------------------------------------------- deadlines


async def test_an_api_that_goes_silent_has_stalled() -> None:
    async with leg(replies(OK + b"Content-Length: 5\r\n\r\nhel")) as api:
        reply = await api.send(idle=0.05)
        assert await reply.read() == b"hel"
        with pytest.raises(Stalled, match="silent"):
            await asyncio.wait_for(reply.read(), LONG)
        await api.deserted()


async def test_a_connection_delimited_body_that_stalls_is_not_complete() -> None:
    async with leg(replies(OK + b"\r\nhel")) as api:
        reply = await api.send(idle=0.05)
        await api.deserted()
        assert await reply.read() == b"hel"
        with pytest.raises(Stalled):
            await reply.read()
        assert not reply.complete


async def test_bytes_that_keep_coming_hold_the_deadline_off() -> None:
    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK + b"Content-Length: 10\r\n\r\n")
        for _ in range(10):
            await asyncio.sleep(0.05)
            await peer.send(b"x")
        await peer.gone()

    async with leg(play) as api:
        assert await api.ask(idle=0.4) == (200, b"x" * 10)


# -------------------------------------------------------------- broken bodies, seen by the reader


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(OK + b"Content-Length: 5\r\n\r\nhel", id="length-cut"),
        pytest.param(CHUNKED + b"5\r\nhel", id="chunk-cut"),
        pytest.param(CHUNKED + b"3\r\nhel\r\n", id="last-chunk-missing"),
        pytest.param(CHUNKED + b"3\r\nhel\r\n0\r\nX: y\r\n", id="trailers-cut"),
        pytest.param(CHUNKED + b"3\r\nhel\r\nzz\r\n", id="chunk-size"),
        pytest.param(CHUNKED + b"3\r\nhelo\r\n", id="chunk-end"),
        pytest.param(CHUNKED + b"3\r\nhel\r\n" + b"f" * 17 + b"\r\n", id="chunk-overflow"),
        pytest.param(CHUNKED + b"3\r\nhel\n", id="chunk-lf"),
        pytest.param(CHUNKED + b"3\r\nhel\r\n0\r\n" + b"X: yyyyyy\r\n" * MAX_HEAD, id="endless-trailers"),
        pytest.param(CHUNKED + b"3\r\nhel\r\n0\r\nX: " + b"y" * 8 * MAX_HEAD, id="endless-trailer"),
        pytest.param(CHUNKED + b"3\r\nhel\r\n3;" + b"y" * 8 * MAX_HEAD, id="endless-extension"),
        pytest.param(CHUNKED + b"3\r\nhel\r\n0\r\nContent-Length: 3\r\n\r\n", id="trailer-that-frames"),
    ],
)
async def test_a_body_that_breaks_off_never_looks_complete(answer: bytes) -> None:
    async def play(peer: Peer) -> None:
        await peer.request()
        head, body = answer.split(b"\r\n\r\n", 1)
        await peer.send(head + b"\r\n\r\n")
        await go.wait()
        await peer.send(body)
        peer.close()

    go = asyncio.Event()
    async with leg(play) as api:
        reply = await api.send()
        go.set()
        with pytest.raises(Broken):
            await asyncio.wait_for(whole(reply), LONG)
        assert not reply.complete
        await api.deserted()
        assert api.upstream.pool.idle == 0


async def test_a_reset_does_not_complete_a_connection_delimited_body() -> None:
    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK + b"\r\nhello")
        await go.wait()
        peer.reset()

    go = asyncio.Event()
    async with leg(play) as api:
        reply = await api.send()
        assert await reply.read() == b"hello"
        go.set()
        with pytest.raises(Broken, match="ConnectionResetError"):
            await asyncio.wait_for(reply.read(), LONG)


# -------------------------------------------------------------- anything at all

PIECES = st.one_of(
    st.sampled_from(
        [
            *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 204 \r\n", b"HTTP/1.1 100 C\r\n\r\n"),
            b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
            *(b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n"),
            *(b"Keep-Alive: timeout=1\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b"hello", b" x: y\r\n"),
            *(b"\r\n", b"\r", b"\n", b"\0"),
        ]
    ),
    st.binary(max_size=12),
)


@pytest.mark.parametrize("new_loop", LOOPS.values(), ids=LOOPS)
@settings(max_examples=120, deadline=None)
@given(pieces=st.lists(PIECES, max_size=8), head_only=st.booleans(), end=st.sampled_from(["close", "reset", "stay"]))
def test_whatever_comes_the_outcome_is_one_of_four(
    new_loop: Callable[[], asyncio.AbstractEventLoop], pieces: list[bytes], head_only: bool, end: str
) -> None:
    async def play(peer: Peer) -> None:
        await peer.request()
        for piece in pieces:
            peer.writer.write(piece)
            await asyncio.sleep(0)
        if end == "reset":
            peer.reset()
        elif end == "close":
            peer.close()
        else:
            await peer.gone()

    async def run() -> None:
        async with leg(play) as api:
            try:
                reply = await api.send("HEAD" if head_only else "GET", head=0.01, idle=0.01)
            except Fault as fault:
                assert fault.code in ("upstream_protocol", "upstream_unreachable", "upstream_timeout")  # noqa: PT017 -- one outcome of several
            else:
                await _read_out(reply)
            if end != "stay":
                await api.deserted()

    loop = new_loop()
    try:
        loop.run_until_complete(run())
    finally:
        loop.close()


async def _read_out(reply: Reply) -> None:
    try:
        await asyncio.wait_for(whole(reply), LONG)
        assert reply.complete
    except (Broken, Stalled):
        assert not reply.complete
    finally:
        reply.close()


async def test_nothing_of_a_connection_that_ended_waits_for_the_collector() -> None:
    """Parser, callbacks and connection refer to one another while it is open."""

    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK + b"Content-Length: 2\r\nConnection: close\r\n\r\nok")

    gc.collect()
    gc.disable()
    try:
        async with leg(play) as api:
            reply = await api.send()
            assert await reply.read() == b"ok"
            del reply
        left = [thing for thing in gc.get_objects() if type(thing).__name__ in ("Connection", "ReplyParser")]
    finally:
        gc.enable()
    assert left == []


SAME = OK + b"X: y\r\nContent-Length: 5\r\n\r\n"
HINT = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"


async def test_a_head_that_comes_again_is_the_same_wherever_it_stands() -> None:
    """As one piece, in pieces, behind a hint, with its body or before it, and to a HEAD, which has none."""
    empty = b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n"
    answers: list[tuple[str, list[bytes], int, bytes]] = [
        ("GET", [SAME + b"hello"], 200, b"hello"),
        ("GET", [SAME + b"world"], 200, b"world"),
        ("GET", [SAME, b"he", b"llo"], 200, b"hello"),
        ("GET", [SAME + b"he", b"llo"], 200, b"hello"),
        ("HEAD", [SAME], 200, b""),
        ("GET", [SAME + b"hello"], 200, b"hello"),
        ("GET", [SAME[:9], SAME[9:] + b"hello"], 200, b"hello"),
        ("GET", [HINT, SAME + b"hello"], 200, b"hello"),
        ("GET", [HINT + SAME + b"hello"], 200, b"hello"),
        ("GET", [HINT + SAME + b"hello"], 200, b"hello"),
        ("GET", [empty], 204, b""),
        ("GET", [empty], 204, b""),
        ("GET", [CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"], 200, b"hello"),
        ("GET", [CHUNKED + b"5\r\nworld\r\n0\r\n\r\n"], 200, b"world"),
        ("GET", [SAME + b"hello"], 200, b"hello"),
    ]

    async def play(peer: Peer) -> None:
        for _, pieces, _, _ in answers:
            await peer.request()
            await peer.send(*pieces)

    async with leg(play) as api:
        for method, _, status, body in answers:
            assert await api.ask(method) == (status, body)
        assert api.accepted == 1


async def test_what_stands_behind_a_head_that_comes_again_is_no_second_reply() -> None:
    async def play(peer: Peer) -> None:
        for more in (b"", b"", b"x"):
            await peer.request()
            await peer.send(SAME + b"hello" + more)
        await peer.gone()

    async with leg(play) as api:
        for _ in range(3):
            assert await api.ask() == (200, b"hello")
        assert api.upstream.pool.idle == 0
