"""Uploads, downloads with their framings and ranges, and replies with one fault each."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import AsyncIterator

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.sandbox import bulk

from .conftest import User


@pytest.fixture
async def token(user: User) -> str:
    return await user.login("oauth2")


@pytest.fixture
async def raw(user: User) -> AsyncIterator[User]:
    """The same user with a client that shows bodies as they were sent."""
    async with aiohttp.ClientSession(auto_decompress=False) as http:
        yield User(http, user.url)


def expected(first: int, end: int) -> bytes:
    return bytes(offset % bulk.CYCLE for offset in range(first, end))


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 65_536


async def test_uploads_stream(user: User, token: str) -> None:
    async with user.call("oauth2", "upload", token, method="POST", data=pieces(80)) as response:
        digest = hashlib.sha256(b"x" * 65_536 * 80).hexdigest()
        assert await response.json() == {"bytes": 65_536 * 80, "sha256": digest, "generation": 1}


@pytest.mark.parametrize("size", [0, 1, bulk.PIECE - 1, bulk.PIECE, bulk.PIECE + 1, 300_000])
@pytest.mark.parametrize("length", [False, True], ids=["chunked", "length"])
async def test_downloads_are_deterministic(user: User, token: str, size: int, length: bool) -> None:
    params = {"bytes": str(size), "length": str(int(length))}
    async with user.call("oauth2", "download", token, params=params) as response:
        assert await response.read() == expected(0, size)
        assert response.headers.get("Content-Length") == (str(size) if length else None)
        assert response.headers.get("Transfer-Encoding") == (None if length else "chunked")


async def test_a_compressed_download(raw: User, token: str) -> None:
    params = {"bytes": "300000", "gzip": "1"}
    async with raw.call("oauth2", "download", token, params=params) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(await response.read()) == expected(0, 300_000)


@pytest.mark.parametrize("length", ["0", "1"])
async def test_head_has_no_body(user: User, token: str, length: str) -> None:
    params = {"bytes": "5000", "length": length}
    for _ in range(2):  # bytes after a HEAD would spoil the second answer on the connection
        async with user.call("oauth2", "download", token, method="HEAD", params=params) as response:
            assert (response.status, await response.read()) == (200, b"")
            assert response.headers.get("Content-Length") == ("5000" if length == "1" else None)


async def test_a_range(user: User, token: str) -> None:
    headers = {"Range": "bytes=300-309"}
    async with user.call("oauth2", "download", token, params={"bytes": "1000"}, headers=headers) as response:
        assert (response.status, response.headers["Content-Range"]) == (206, "bytes 300-309/1000")
        assert await response.read() == expected(300, 310)


async def test_a_range_beyond_the_end(user: User, token: str) -> None:
    headers = {"Range": "bytes=1000-"}
    async with user.call("oauth2", "download", token, params={"bytes": "1000"}, headers=headers) as response:
        assert (response.status, response.headers["Content-Range"]) == (416, "bytes */1000")


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, (0, 100)),
        ("bytes=0-", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=90-200", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-200", (0, 100)),
        ("bytes=100-", None),
        ("bytes=-0", None),
        ("bytes=-", (0, 100)),
        ("bytes=0-1,3-4", (0, 100)),
        ("lines=0-1", (0, 100)),
    ],
)
def test_spans(header: str | None, found: tuple[int, int] | None) -> None:
    assert bulk.span(header, 100) == found


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_span_stays_inside(first: int, last: int, size: int) -> None:
    found = bulk.span(f"bytes={first}-{last}", size)
    assert found is None or 0 <= found[0] < found[1] <= size


@pytest.mark.parametrize("kind", ["close", "cut", "http"])
async def test_replies_that_are_no_http(user: User, token: str, kind: str) -> None:
    with pytest.raises(aiohttp.ClientError):
        async with user.call("oauth2", f"broken/{kind}", token) as response:
            await response.read()


@pytest.mark.parametrize("kind", bulk.BROKEN)
async def test_replies_that_lie_about_their_body(raw: User, token: str, kind: str) -> None:
    async with raw.call("oauth2", f"broken/{kind}", token) as response:
        assert (response.status, await response.read()) == (200, bulk.BROKEN[kind].body)
        assert response.headers["Content-Type"] == bulk.BROKEN[kind].content_type
