"""Lines that are tied to each other: each carries the SHA-256 of the line before it, and with a key a MAC of its own.

Owns: what a line looks like, and how its like is read again. Must not know: files, clocks, what the facts mean.

    {"time":...,"chain":"5f0c...","seq":7,"event":...,<facts>,"prev":"<SHA-256 of line 6>","mac":"<HMAC of all before>"}

Without a key, whoever may write the file can compute all digests anew; the MAC needs the key. `mac` is the last member,
so that what it covers is the line's own beginning and no form has to be agreed upon. A line that was cut short by a
crash stays where it is: the next whole line names its digest as `torn`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from proxy.values.record import record

BEGAN, CONTINUED, RECOVERED, LOST = "log_began", "log_continued", "log_recovered", "lines_lost"
HEADS = frozenset((BEGAN, CONTINUED))
"""What the first line of a file is."""
NOTHING = "0" * 64
LONGEST = 64 * 1024
"""Bytes of a line; ours are far shorter."""
_MAC = re.compile(rb',"mac":"([0-9a-f]{64})"\}')
_MAC_LENGTH = len(',"mac":"') + 64 + len('"}')
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Link(NamedTuple):
    """The end of a chain, which the next line is tied to."""

    chain: str
    seq: int
    digest: str


@record
class Entry:
    """A line that was read. `torn` is the digest of what stands broken before it."""

    link: Link
    event: str
    prev: str
    torn: str | None
    lost: int


def signer(key: str) -> bytes:
    """The MAC's key; derived, so that a key which also seals the store is no help with either."""
    return hmac.digest(key.encode("utf-8"), b"keyless audit", "sha256")


def beginning(chain: str) -> Link:
    """What the first line of a new chain is tied to."""
    return Link(chain, 0, NOTHING)


def make(facts: Mapping[str, Any], after: Link, key: bytes | None) -> tuple[bytes, Link]:
    """The line, without its line break. `facts` begin with `time` and `event`; what is None is left out."""
    time, *others = ((name, value) for name, value in facts.items() if value is not None)
    known = dict([time, ("chain", after.chain), ("seq", after.seq + 1), *others, ("prev", after.digest)])
    # ASCII, escaped: no character of a request can end the line or turn a terminal
    line = json.dumps(known, separators=(",", ":")).encode("ascii")
    if key is not None:
        line = b'%b,"mac":"%b"}' % (line[:-1], hmac.digest(key, line, "sha256").hex().encode("ascii"))
    return line, Link(after.chain, after.seq + 1, digest(line))


def digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def torn_digest(lines: Sequence[bytes]) -> str:
    return digest(b"\n".join(lines))


def read(line: bytes) -> Entry | None:
    """None for what is no line of a chain, or only the beginning of one."""
    try:
        known = json.loads(line)
        link = Link(known["chain"], known["seq"], digest(line))
        entry = Entry(link, known["event"], known["prev"], known.get("torn"), known.get("lost", 0))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    whole = isinstance(entry.event, str) and isinstance(link.chain, str) and _is_digest(entry.prev)
    counted = type(link.seq) is int and link.seq > 0 and type(entry.lost) is int
    return entry if whole and counted and (entry.torn is None or _is_digest(entry.torn)) else None


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def is_signed(line: bytes) -> bool:
    return _MAC.fullmatch(line, max(0, len(line) - _MAC_LENGTH)) is not None


def is_signed_with(line: bytes, keys: Sequence[bytes]) -> bool:
    """By one of these keys, or by none of them."""
    found = _MAC.fullmatch(line, max(0, len(line) - _MAC_LENGTH))
    if found is None:
        return False
    covered = line[: found.start()] + b"}"
    return any(hmac.compare_digest(hmac.digest(key, covered, "sha256").hex().encode(), found[1]) for key in keys)


class Tail(NamedTuple):
    """How a file ends: its last whole line, what stands broken after it, whether a line break is missing."""

    link: Link | None
    torn: tuple[bytes, ...] = ()
    open: bool = False


def tail(data: bytes) -> Tail:
    """Of a file, or of the end of one that begins with a whole line.

    A last line that lacks nothing but its line break is whole.
    """
    lines = data.split(b"\n")
    is_open = bool(lines[-1])
    if not is_open:
        lines.pop()
    for at in range(len(lines) - 1, -1, -1):
        entry = read(lines[at])
        if entry is not None:
            return Tail(entry.link, tuple(lines[at + 1 :]), is_open)
    return Tail(None, tuple(lines), is_open)
