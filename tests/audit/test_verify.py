"""The walk along a log: whatever one thing is done to it shows, but for what only an anchor or a key can show."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.audit import chain
from proxy.audit.chain import Link
from proxy.audit.verify import Tampered, Walk

KEY = chain.signer("a-key-of-sixteen-characters")
TIME = "2026-01-02T03:04:05.678Z"


def log(count: int, key: bytes | None = None, name: str = "c1", after: Link | None = None) -> list[bytes]:
    """`count` lines of a chain, from its beginning."""
    last = after or chain.beginning(name)
    lines = []
    for number in range(count):
        event = "token_mint" if number or after else chain.BEGAN
        written, last = chain.make({"time": TIME, "event": event, "path": f"/crm/{number}"}, last, key)
        lines.append(written)
    return lines


def walk(lines: list[bytes], key: bytes | None = None, **more: Any) -> Walk:
    torn = more.pop("torn", False)
    walk = Walk(() if key is None else (key,), **more)
    for number, line in enumerate(lines, 1):
        walk.feed(f"log:{number}", line)
    walk.end(torn=torn)
    return walk


def place(lines: list[bytes], key: bytes | None = None, **more: Any) -> str:
    with pytest.raises(Tampered) as broken:
        walk(lines, key, **more)
    return broken.value.place


KEYS = st.sampled_from([None, KEY])
LENGTH = 6
INDEX = st.integers(0, LENGTH - 1)


@given(st.integers(1, 9), KEYS)
def test_a_log_as_it_was_written_is_whole(count: int, key: bytes | None) -> None:
    done = walk(log(count, key), key)
    assert (done.lines, done.signed) == (count, count if key else 0)
    known = done.chains["c1"]
    assert (known.first, known.last.seq) == (1, count)
    assert known.last.digest == chain.digest(log(count, key)[-1])


@given(KEYS, INDEX, st.data())
def test_a_changed_byte_shows_where_it_is(key: bytes | None, index: int, data: st.DataObject) -> None:
    lines = log(LENGTH, key)
    # the last line of a log without a key is tied to nothing yet
    index = index if key else min(index, LENGTH - 2)
    at = data.draw(st.integers(0, len(lines[index]) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte not in (lines[index][at], ord("\n"))))
    lines[index] = lines[index][:at] + bytes([byte]) + lines[index][at + 1 :]
    # or at the line before, if it is its digest that is another now
    assert place(lines, key) in (f"log:{index + 1}", f"log:{index + 2}", f"log:{index or 1}")


@given(KEYS, st.integers(0, LENGTH - 2), st.integers(1, LENGTH))
def test_removed_lines_show(key: bytes | None, index: int, count: int) -> None:
    """But at the end, which no log can know by itself."""
    lines = log(LENGTH, key)
    del lines[index : min(index + count, LENGTH - 1)]
    assert place(lines, key) == f"log:{index + 1}"


@given(KEYS, INDEX, INDEX)
def test_swapped_lines_show(key: bytes | None, one: int, two: int) -> None:
    lines = log(LENGTH, key)
    lines[one], lines[two] = lines[two], lines[one]
    if one == two:
        walk(lines, key)
    else:
        assert place(lines, key) in (f"log:{min(one, two) + 1}", f"log:{min(one, two) + 2}")


@given(KEYS, INDEX, INDEX)
def test_a_line_that_stands_twice_shows(key: bytes | None, one: int, where: int) -> None:
    lines = log(LENGTH, key)
    lines.insert(where, lines[one])
    assert place(lines, key)


@given(st.integers(1, LENGTH))
def test_an_inserted_line_shows_though_it_is_tied_to_the_one_before(index: int) -> None:
    lines = log(LENGTH)
    before = chain.read(lines[index - 1])
    assert before is not None
    forged, _ = chain.make({"time": TIME, "event": "token_mint"}, before.link, None)
    lines.insert(index, forged)
    if index == LENGTH:  # appending is what anybody who may write can do; hence the key
        walk(lines)
        assert place([*log(LENGTH, KEY), forged], KEY) == f"log:{LENGTH + 1}"
    else:
        assert place(lines) in (f"log:{index + 1}", f"log:{index + 2}")


def test_without_the_key_a_chain_can_be_computed_anew_and_with_it_that_shows() -> None:
    forged = [line.replace(b"token_mint", b"nothing") for line in log(3)]
    last, again = chain.beginning("c1"), []
    for line in forged:
        facts = {name: value for name, value in json.loads(line).items() if name not in ("chain", "seq", "prev")}
        written, last = chain.make(facts, last, None)
        again.append(written)
    walk(again)
    assert place(again, KEY) == "log:1"


def test_another_key_is_told_from_a_missing_signature() -> None:
    other = chain.signer("another-key-of-the-kind")
    with pytest.raises(Tampered, match="changed, or signed with another key"):
        walk(log(2, other), KEY)
    with pytest.raises(Tampered, match="not signed"):
        walk(log(2), KEY)


# ---------------------------------------------------------------------------------------------- crashes and rotation


def torn_log(torn: list[bytes], said: list[bytes] | None = None) -> list[bytes]:
    """Two lines, then broken ones, then the log goes on."""
    lines = log(2)
    last = chain.read(lines[-1])
    assert last is not None
    facts = {"time": TIME, "event": chain.RECOVERED, "torn": chain.torn_digest(torn if said is None else said)}
    line, link = chain.make(facts, last.link, None)
    return [*lines, *torn, line, *log(2, after=link)]


@given(st.lists(st.binary(max_size=9).filter(lambda line: b"\n" not in line), min_size=1, max_size=3))
def test_a_torn_line_is_no_break_if_the_next_one_speaks_of_it(torn: list[bytes]) -> None:
    torn = [line for line in torn if chain.read(line) is None]
    assert walk(torn_log(torn)).recovered == 1


@pytest.mark.parametrize(
    ("lines", "where"),
    [
        (torn_log([b"{"], said=[b"["]), "log:3"),
        (torn_log([], said=[b"["]), "log:3"),
        ([*log(2), b"{", *log(3)[2:]], "log:3"),
        ([*log(2), b"{"], "log:3"),
    ],
)
def test_a_broken_line_that_nothing_speaks_of_is(lines: list[bytes], where: str) -> None:
    assert place(lines) == where


def test_a_line_without_its_end_may_be_the_last_one() -> None:
    walk([*log(2), b'{"time":'], torn=True)
    walk([b'{"time":'], torn=True)
    assert place([*log(2), b"{", b"{"], torn=True) == "log:3"


def test_an_empty_log_is_none() -> None:
    with pytest.raises(Tampered, match="holds no line"):
        walk([])


def test_older_files_may_be_gone_but_not_the_beginning_of_one() -> None:
    lines = log(5)
    last = chain.read(lines[-1])
    assert last is not None
    line, link = chain.make({"time": TIME, "event": chain.CONTINUED}, last.link, None)
    newer = [line, *log(2, after=link)]
    assert walk(newer).chains["c1"].first == 6
    assert walk([*lines, *newer]).chains["c1"].first == 1
    assert place(newer[1:]) == "log:1"
    assert place([*lines[:-1], *newer]) == "log:5"


def test_a_log_begins_once() -> None:
    with pytest.raises(Tampered, match="begins with line 1"):
        walk([chain.make({"time": TIME, "event": chain.BEGAN}, Link("c1", 3, "ab" * 32), None)[0]])
    last = chain.read(log(2)[-1])
    assert last is not None
    assert place([*log(2), chain.make({"time": TIME, "event": chain.BEGAN}, last.link, None)[0]]) == "log:3"


def test_chains_of_workers_alternate_on_a_stream() -> None:
    one, two = log(4, name="c1"), log(4, name="c2")
    mixed = [line for pair in zip(one, two, strict=True) for line in pair]
    mixed[3:3] = [b"keyless 0.1.0 on http://127.0.0.1:8080", b""]
    done = walk(mixed, partial=True)
    assert {name: each.last.seq for name, each in done.chains.items()} == {"c1": 4, "c2": 4}
    assert {name: each.first for name, each in walk(mixed[4:], partial=True).chains.items()} == {"c1": 3, "c2": 2}
    del mixed[4:6]
    assert place(mixed, partial=True)


def test_lost_lines_are_counted() -> None:
    lines = log(2)
    last = chain.read(lines[-1])
    assert last is not None
    lines.append(chain.make({"time": TIME, "event": chain.LOST, "lost": 7}, last.link, None)[0])
    assert walk(lines).lost == 7
