"""What a line is: read again as it was made, signed or not, told from anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.audit import chain
from proxy.audit.chain import Link, Tail

KEY = chain.signer("a-key-of-sixteen-characters")
AFTER = Link("c1", 6, "ab" * 32)
FACTS = {"time": "2026-01-02T03:04:05.678Z", "event": "token_mint"}


def line(key: bytes | None = None, after: Link = AFTER, **facts: Any) -> bytes:
    return chain.make({**FACTS, **facts}, after, key)[0]


def test_a_line_says_where_it_stands_and_what_is_before_it() -> None:
    written, link = chain.make({**FACTS, "route": None, "status": 0}, AFTER, None)
    assert list(json.loads(written)) == ["time", "chain", "seq", "event", "status", "prev"]
    assert link == Link("c1", 7, chain.digest(written))
    assert b'"chain":"c1","seq":7' in written
    assert written.endswith(b'"prev":"%b"}' % (b"ab" * 32))


@given(
    st.dictionaries(st.sampled_from(["path", "who", "mac", "x"]), st.text(max_size=9) | st.integers() | st.none()),
    st.booleans(),
)
def test_whatever_is_in_it_a_line_is_one_line_and_is_read_as_it_was_made(facts: dict[str, Any], signs: bool) -> None:
    written, link = chain.make({**FACTS, **facts}, AFTER, KEY if signs else None)
    assert written.isascii()
    assert written.decode().isprintable()
    entry = chain.read(written)
    assert entry is not None
    assert (entry.link, entry.event, entry.prev, entry.torn) == (link, "token_mint", AFTER.digest, None)
    assert chain.is_signed_with(written, [KEY]) == signs


def test_a_mac_is_of_this_key_and_of_all_before_it() -> None:
    written = line(KEY)
    other = chain.signer("another-key-of-the-kind")
    assert chain.is_signed(written)
    assert chain.is_signed_with(written, [other, KEY])
    assert not chain.is_signed_with(written, [other])
    assert not chain.is_signed_with(written.replace(b'"seq":7', b'"seq":8'), [KEY])
    assert not chain.is_signed_with(line(), [KEY])


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"\0" * 100,
        b"{}",
        b"[]",
        b"7",
        b"null",
        b"[" * 100_000,
        line()[:-1],
        line().replace(b'"seq":7', b'"seq":"7"'),
        line().replace(b'"seq":7', b'"seq":true'),
        line().replace(b'"seq":7', b'"seq":0'),
        line().replace(b"abab", b"xxxx"),
        line().replace(b'"c1"', b"null"),
        line().replace(b'"token_mint"', b"1"),
        line(torn="no digest"),
        line(lost="many"),
        line() + b"\xff",
    ],
)
def test_what_is_no_line(written: bytes) -> None:
    assert chain.read(written) is None


@given(st.integers(0, len(line(KEY)) - 1))
def test_no_beginning_of_a_line_is_one(length: int) -> None:
    assert chain.read(line(KEY)[:length]) is None


@pytest.mark.parametrize("keep", ["\n", ""])
def test_a_tail_that_is_whole(keep: str) -> None:
    written, link = chain.make(FACTS, AFTER, None)
    assert chain.tail(line() + b"\n" + written + keep.encode()) == Tail(link, (), keep == "")


@pytest.mark.parametrize(
    ("rest", "torn"),
    [
        (b'{"time":"20', (b'{"time":"20',)),
        (b'{"time":"20\n', (b'{"time":"20',)),
        (b"a\nb\n", (b"a", b"b")),
        (b"\n", (b"",)),
        (b"\0\0\0", (b"\0\0\0",)),
    ],
)
def test_a_tail_that_is_torn(rest: bytes, torn: tuple[bytes, ...]) -> None:
    written, link = chain.make(FACTS, AFTER, None)
    assert chain.tail(written + b"\n" + rest) == Tail(link, torn, not rest.endswith(b"\n"))
    assert chain.tail(rest) == Tail(None, torn, not rest.endswith(b"\n"))


def test_nothing_has_no_tail() -> None:
    assert chain.tail(b"") == Tail(None, (), False)


def test_the_key_is_not_used_as_it_is() -> None:
    assert b"a-key" not in KEY
    assert chain.signer("a") != chain.signer("b")
