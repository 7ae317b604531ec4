"""Walks along the lines of an audit log and says where their chain breaks.

Owns: what counts as a break. Must not know: files. Lines of several chains may alternate, as workers that share a
standard output write them; a file has one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from proxy.audit import chain
from proxy.audit.chain import Entry, Link
from proxy.errors import KeylessError


class Tampered(KeylessError):  # noqa: N818 -- it says what is the case
    """The log is not as it was written. `place` is where that shows."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"{place}: {why}")
        self.place = place
        self.why = why


@dataclass(slots=True)
class Known:
    """One chain as far as it was walked. `first` is above 1 where older files are gone."""

    first: int
    last: Link
    place: str


@dataclass(slots=True)
class Walk:
    """`feed` it every line in order, then `end` it. With `keys` each line must be signed by one of them.

    `partial`: lines that somebody collected from a stream: other lines stand between them, the first may be missing.
    """

    keys: Sequence[bytes] = ()
    partial: bool = False
    chains: dict[str, Known] = field(default_factory=dict)
    lines: int = 0
    signed: int = 0
    recovered: int = 0
    lost: int = 0
    _torn: list[bytes] = field(default_factory=list)
    _torn_at: str = ""

    def feed(self, place: str, line: bytes) -> str:
        """The line's digest. Raises Tampered."""
        entry = chain.read(line)
        if entry is None:
            self._stray(place, line)
            return ""
        self._recover(place, entry)
        if self.keys and not chain.is_signed_with(line, self.keys):
            signed = chain.is_signed(line)
            raise Tampered(place, "changed, or signed with another key" if signed else "not signed")
        known = self.chains.get(entry.link.chain)
        if known is None:
            self._begin(place, entry)
        else:
            self._follow(place, entry, known)
        self.lines += 1
        self.signed += chain.is_signed(line)
        self.lost += entry.lost if entry.event == chain.LOST else 0
        return entry.link.digest

    def end(self, *, torn: bool = False) -> None:
        """`torn`: the last line has no line break, so its writer may have died over it. Raises Tampered."""
        if self._torn and not (torn and len(self._torn) == 1):
            raise Tampered(self._torn_at, "no line of an audit log")
        if not self.lines and not self._torn:
            raise Tampered("the log", "holds no line")

    def _stray(self, place: str, line: bytes) -> None:
        if not self.partial:
            self._torn_at = self._torn_at if self._torn else place
            self._torn.append(line)

    def _recover(self, place: str, entry: Entry) -> None:
        """What stands broken must be what the next whole line says of it."""
        if self._torn and entry.torn != chain.torn_digest(self._torn):
            raise Tampered(self._torn_at, "changed: no line of an audit log, and nothing says that a crash has torn it")
        if entry.torn is not None and not self._torn and not self.partial:
            raise Tampered(place, "the torn line that it speaks of is gone")
        self.recovered += bool(self._torn)
        self._torn.clear()

    def _begin(self, place: str, entry: Entry) -> None:
        link = entry.link
        if entry.event == chain.BEGAN and (link.seq, entry.prev) != (1, chain.NOTHING):
            raise Tampered(place, "changed: a log begins with line 1")
        if entry.event not in chain.HEADS and not self.partial:
            raise Tampered(place, f"begins with line {link.seq}: what stood before it is gone")
        self.chains[link.chain] = Known(link.seq, link, place)

    def _follow(self, place: str, entry: Entry, known: Known) -> None:
        seq, last = entry.link.seq, known.last
        if seq <= last.seq:
            raise Tampered(place, f"line {seq} after line {last.seq}: inserted, or out of order")
        if seq > last.seq + 1:
            raise Tampered(place, f"lines are missing before it: {last.seq + 1} to {seq - 1}")
        if entry.prev != last.digest:
            raise Tampered(known.place, f"line {last.seq} was changed, or line {seq} after it, which knows another one")
        if entry.event == chain.BEGAN:
            raise Tampered(place, "changed: a log begins with line 1")
        known.last, known.place = entry.link, place
