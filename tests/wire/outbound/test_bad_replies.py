"""APIs that break the protocol or the connection: the right fault, and never a connection that is used again."""

from __future__ import annotations

import pytest

from proxy.errors import Fault
from proxy.serve.upstream import Broken
from proxy.wire.outbound.parser import MAX_HEAD
from tests.wire.outbound.scripted import Peer, Play, leg, replies, then_close, then_reset, whole

OK = b"HTTP/1.1 200 OK\r\n"
EMPTY = OK + b"Content-Length: 0\r\n\r\n"

MALFORMED = {
    "garbage": b"\x16\x03\x01 not at all\r\n\r\n",
    "0.9": b"<html>hello</html>",
    "0.9-line": b"HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    "2.0-line": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "status-short": b"HTTP/1.1 20 OK\r\n\r\n",
    "status-long": b"HTTP/1.1 2000 OK\r\n\r\n",
    "status-000": b"HTTP/1.1 000 No\r\n\r\n",
    "status-099": b"HTTP/1.1 099 No\r\n\r\n",
    "reason-nul": b"HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n",
    "reason-escape": b"HTTP/1.1 200 \x1b[2J\r\nContent-Length: 0\r\n\r\n",
    "101-unasked": b"HTTP/1.1 101 Hi\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "101-without-upgrade": b"HTTP/1.1 101 Hi\r\n\r\n" + EMPTY,
    "nul": OK + b"A: b\0c\r\nContent-Length: 0\r\n\r\n",
    "control": OK + b"A: b\x01c\r\nContent-Length: 0\r\n\r\n",
    "lone-cr": OK + b"A: b\rc\r\nContent-Length: 0\r\n\r\n",
    "lone-cr-beside-lf": OK + b"A: b\rc\nContent-Length: 0\n\n",
    "cr-twice": OK + b"A: b\r\r\nContent-Length: 0\r\n\r\n",
    "fold-first": OK + b" A: b\r\nContent-Length: 0\r\n\r\n",
    "fold-empty": OK + b"A: b\r\n \r\nContent-Length: 0\r\n\r\n",
    "fold-nul": OK + b"A: b\r\n c\0\r\nContent-Length: 0\r\n\r\n",
    "blank-in-name": OK + b"A B: c\r\nContent-Length: 0\r\n\r\n",
    "blank-for-name": OK + b"A: b\r\n : c\0\r\nContent-Length: 0\r\n\r\n",
    "lf-in-chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n",
    "no-name": OK + b": b\r\nContent-Length: 0\r\n\r\n",
    "no-colon": OK + b"abc\r\nContent-Length: 0\r\n\r\n",
    "length-and-chunked": OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked-and-length": OK + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "length-and-chunked-mended": OK + b"Content-Length : 5\nTransfer-Encoding:\n chunked\n\n0\r\n\r\n",
    "lengths-differ": OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "lengths-differ-in-one": OK + b"Content-Length: 5, 6\r\n\r\nhello",
    "lengths-differ-mended": OK + b"Content-Length : 5\r\nContent-Length:\r\n 6\r\n\r\nhello",
    "lengths-alike": OK + b"Content-Length: 5, 05\r\n\r\nhello",
    "lengths-signed": OK + b"Content-Length: +5, +5\r\n\r\nhello",
    "lengths-and-none": OK + b"Content-Length: 5,\r\n\r\nhello",
    "lengths-folded-apart": OK + b"Content-Length: 5\r\n 5\r\n\r\nhello",
    "length-signed": OK + b"Content-Length: +5\r\n\r\nhello",
    "length-negative": OK + b"Content-Length: -5\r\n\r\nhello",
    "length-word": OK + b"Content-Length: five\r\n\r\nhello",
    "length-empty": OK + b"Content-Length:\r\n\r\nhello",
    "length-huge": OK + b"Content-Length: 99999999999999999999999\r\n\r\nhello",
    "coding-unknown": OK + b"Transfer-Encoding: gzip\r\n\r\nhello",
    "coding-and-chunked": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "coding-twice": OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding-not-last": OK + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "coding-lookalike": OK + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunk-size": OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n",
    "chunk-size-negative": OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
    "chunk-size-0x": OK + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
    "chunk-size-huge": OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 17 + b"\r\nhello\r\n0\r\n\r\n",
    "big-head": OK + b"A: b\r\n" * (MAX_HEAD // 6) + b"Content-Length: 0\r\n\r\n",
    "big-line": OK + b"A: " + b"b" * MAX_HEAD + b"\r\nContent-Length: 0\r\n\r\n",
    "endless-head": OK + b"A: b\r\n" * MAX_HEAD,
    "endless-reason": b"HTTP/1.1 200 " + b"O" * 4 * MAX_HEAD,
    "endless-1xx": b"HTTP/1.1 102 Processing\r\n\r\n" * MAX_HEAD,
    "big-head-mended": OK + b"A: b\n" * (MAX_HEAD // 5) + b"Content-Length: 0\n\n",
    "endless-fold": OK + b"A: b\r\n" + b" c\r\n" * MAX_HEAD,
    "bytes-before": b"x" + EMPTY,
}

MENDED = {
    "lone-lf": b"HTTP/1.1 200 OK\nA: b\nContent-Length: 5\n\nhello",
    "lone-lf-once": OK + b"A: b\nContent-Length: 5\r\n\r\nhello",
    "lone-lf-last": OK + b"A: b\r\nContent-Length: 5\r\n\nhello",
    "obs-fold": OK + b"A:\r\n b\r\nContent-Length: 5\r\n\r\nhello",
    "obs-fold-twice": OK + b"A: \r\n \t b \r\nContent-Length:\r\n\t5\r\n\r\nhello",
    "space-before-colon": OK + b"A : b\r\nContent-Length \t: 5\r\n\r\nhello",
    "lengths-agree": OK + b"A: b\r\nContent-Length: 5\r\ncontent-length: 5\r\n\r\nhello",
    "lengths-in-one": OK + b"A: b\r\nContent-Length: 5, 5\r\n\r\nhello",
    "lengths-everywhere": OK + b"Content-Length : 5,5\nA: b\nContent-Length: 5\n\nhello",
    "chunks": OK + b"A : b\r\nTransfer-Encoding : chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "behind-interim": b"HTTP/1.1 102 Wait\r\n\r\n" + OK + b"A : b\r\nContent-Length: 5\r\n\r\nhello",
    "interim-too": b"HTTP/1.1 103 Hints\nLink : x\n\nHTTP/1.1 200 OK\nA: b\nContent-Length: 5\n\nhello",
    "lines-before": b"\r\n\r\n" + OK + b"A : b\r\nContent-Length: 5\r\n\r\nhello",
}


@pytest.mark.parametrize("split", [False, True], ids=["whole", "split"])
@pytest.mark.parametrize("answer", MALFORMED.values(), ids=MALFORMED)
async def test_what_is_not_http_is_a_protocol_fault(answer: bytes, split: bool) -> None:
    if split:
        middle = min(len(answer) // 2, 100)
        play: Play = _pieces(answer[:middle], answer[middle:])
    else:
        play = replies(answer)
    async with leg(play) as api:
        with pytest.raises((Fault, Broken)) as caught:
            await api.ask("POST", body=b"x")
        error = caught.value
        if isinstance(error, Fault):
            assert (error.code, error.status) == ("upstream_protocol", 502)
            assert error.detail.startswith(f"{api.origin.authority}: the API")
        else:
            assert split  # the head came alone and was fine: then the reader hears it
        await api.deserted()
        assert api.accepted == 1


@pytest.mark.parametrize("size", [0, 1, 7], ids=["whole", "bytes", "pieces"])
@pytest.mark.parametrize("answer", MENDED.values(), ids=MENDED)
async def test_what_a_proxy_is_told_to_mend_is_mended_and_its_connection_not_used_again(
    answer: bytes, size: int
) -> None:
    """RFC 9112 §2.2, §5.1, §5.2, §6.3; the seams may be anywhere."""
    pieces = [answer[at : at + size] for at in range(0, len(answer), size)] if size else [answer]
    async with leg(_pieces(*pieces), replies(EMPTY)) as api:
        reply = await api.send()
        assert (reply.status, reply.reason, await whole(reply)) == (200, b"OK", b"hello")
        assert [value for name, value in reply.headers if name == b"A"] == [b"b"]
        assert len([1 for name, _ in reply.headers if name.lower() == b"content-length"]) <= 1
        await api.deserted()
        assert await api.ask() == (200, b"")
        assert api.accepted == 2


async def test_an_interim_reply_is_told_once_where_the_final_one_is_mended() -> None:
    told: list[int] = []
    early = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    async with leg(replies(early + b"HTTP/1.1 200 OK\nContent-Length: 0\n\n")) as api:
        assert await api.ask(early=lambda status, _: told.append(status)) == (200, b"")
        assert told == [103]


async def test_a_mended_reply_to_a_head_has_no_body() -> None:
    async with leg(replies(OK + b"Content-Length : 5\r\n\r\n"), replies(EMPTY)) as api:
        assert await api.ask("HEAD") == (200, b"")
        await api.deserted()


async def test_a_mended_reply_ends_with_its_connection_where_nothing_else_ends_it() -> None:
    async with leg(then_close(b"HTTP/1.1 200 OK\nA : b\n\nhel", b"lo")) as api:
        assert await api.ask() == (200, b"hello")


def _pieces(*pieces: bytes) -> Play:
    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(*pieces)
        await peer.gone()

    return play


@pytest.mark.parametrize(
    ("play", "code"),
    [
        pytest.param(then_close(), "upstream_unreachable", id="close-before-reply"),
        pytest.param(then_reset(), "upstream_unreachable", id="reset-before-reply"),
        pytest.param(then_close(b"HTTP/1.1 200 O"), "upstream_protocol", id="close-mid-head"),
        pytest.param(then_reset(b"HTTP/1.1 200 OK\r\nConten"), "upstream_protocol", id="reset-mid-head"),
        pytest.param(then_close(b"HTTP/1.1 100 Continue\r\n\r\n"), "upstream_protocol", id="close-after-100"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_fresh_connection_that_breaks_is_not_tried_again(play: Play, code: str, method: str) -> None:
    async with leg(play) as api:
        with pytest.raises(Fault) as caught:
            await api.send(method)
        assert caught.value.code == code
        assert api.accepted == 1
        await api.deserted()


async def test_an_api_that_closes_before_it_reads() -> None:
    async def play(peer: Peer) -> None:
        peer.close()

    async def reset(peer: Peer) -> None:
        peer.reset()

    async with leg(play, reset) as api:
        for _ in range(2):
            with pytest.raises(Fault) as caught:
                await api.send("POST", body=bytes(60000))
            assert caught.value.code == "upstream_unreachable"
        await api.deserted()


async def test_an_api_that_answers_before_it_reads() -> None:
    """What comes before there was a question is no answer; what comes a moment later is."""

    async def play(peer: Peer) -> None:
        await peer.send(OK + b"Content-Length: 5\r\n\r\nhello")
        await peer.gone()

    async with leg(play) as api:
        try:
            assert await api.ask() == (200, b"hello")
        except Fault as fault:
            assert fault.code == "upstream_unreachable"  # noqa: PT017 -- one outcome of two


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param(OK + b"Content-Length: 3\r\n\r\nbad", id="second-reply"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n", id="late-100"),
        pytest.param(b"x", id="byte"),
        pytest.param(b"\0" * 100, id="nuls"),
    ],
)
@pytest.mark.parametrize(
    "first", [OK + b"Content-Length: 2\r\n\r\nok", OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"]
)
@pytest.mark.parametrize("together", [True, False])
async def test_bytes_after_a_reply_never_reach_the_next_exchange(extra: bytes, first: bytes, together: bool) -> None:
    async def odd(peer: Peer) -> None:
        await peer.request()
        await peer.send(*([first + extra] if together else [first, extra]))
        await peer.gone()

    async with leg(odd, replies(EMPTY)) as api:
        assert await api.ask() == (200, b"ok")
        await api.deserted()
        assert await api.ask() == (200, b"")
        assert api.accepted == 2


async def test_a_body_behind_a_head_reply_ends_the_connection() -> None:
    async with leg(replies(OK + b"Content-Length: 5\r\n\r\nhello"), replies(EMPTY)) as api:
        assert await api.ask("HEAD") == (200, b"")
        await api.deserted()
        assert await api.ask() == (200, b"")
        assert api.accepted == 2


@pytest.mark.parametrize("status", [204, 304])
async def test_a_body_behind_a_reply_that_has_none_ends_the_connection(status: int) -> None:
    async with leg(replies(b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\nhello" % status), replies(EMPTY)) as api:
        assert await api.ask() == (status, b"")
        await api.deserted()
        assert await api.ask() == (200, b"")
        assert api.accepted == 2


async def test_a_silent_api_has_timed_out() -> None:
    async def play(peer: Peer) -> None:
        await peer.gone()

    async with leg(play) as api:
        with pytest.raises(Fault) as caught:
            await api.send(head=0.05)
        assert (caught.value.code, caught.value.status) == ("upstream_timeout", 504)
        await api.deserted()


async def test_half_a_head_does_not_hold_the_deadline_off() -> None:
    async with leg(replies(b"HTTP/1.1 200 OK\r\nA: b")) as api:
        with pytest.raises(Fault) as caught:
            await api.send(head=0.05)
        assert caught.value.code == "upstream_timeout"
        await api.deserted()
