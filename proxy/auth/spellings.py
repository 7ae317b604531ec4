"""How a secret can stand in someone else's text: as it is, in a URL, a form, JSON, HTML, inside base64.

Owns: what is kept of a secret to find it by, of a size that does not depend on the secret's: a piece that tells whether
a text can hold it, and how its spellings begin. The spellings themselves are many times the secret; they are written
when a text holds such a piece, one at a time. Must not know: who looks for them, or what is done where one is found.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

from proxy.auth.encoders import BEYOND, Encoders, Table, encoders_of, encoders_of_base64
from proxy.values.secret import Secret, revealed

SHORTEST: Final = 8
"""Shorter strings are no secrets, and would hit innocent text."""
HEAD: Final = 4

_BEYOND_ASCII = re.compile("[^\0-\x7f]")
_ESCAPED = re.compile(rb"[^A-Za-z0-9._~ -]+")
_RUN = re.compile("[A-Za-z0-9._-]+")  # what no encoder touches
_LEAST_MARK, _MOST_MARK = 4, 16  # bytes
_NEAR_THE_END = 256
"""Characters to take a mark from. Tokens of an issuer begin alike, with the same header of a JWT; they end in a
signature or in chance."""
_BEGINNING, _MORE = 32, 512


class Begun(NamedTuple):
    """So many bytes at a text's end are the beginning of a spelling of that size."""

    bytes: int
    of: int


def spellings(secret: str) -> tuple[bytes, ...]:
    """All of them, the plain one first; none for what is too short to be looked for."""
    return tuple(dict.fromkeys(spelling for family in families(secret) for spelling in family.spellings))


def families(secret: str) -> Iterator[Family]:
    if len(secret) < SHORTEST:
        return
    if not secret.isascii():
        secret = Secret(secret.encode("utf-8", "replace").decode("utf-8"))
    yield Family(secret, partial(revealed, secret), encoders_of(secret))
    plain, form = secret.encode(), _form(secret)
    for before in range(3):
        inner = _inside_base64(plain, before)
        yield Family(inner, partial(_base64_of, secret, before), encoders_of_base64(inner))
    for before in range(3) if form != plain else ():
        inner = _inside_base64(form, before)
        yield Family(inner, partial(_base64_of_form, secret, before), encoders_of_base64(inner))


class Family:
    """The spellings of one text. Every one of them holds one of `marks` and begins with one of `heads`.

    `longest` is a bound of their length, `ends` has the bytes that their beginnings can end in, and
    some more.
    """

    __slots__ = ("_tables", "_text", "_touched", "ends", "heads", "longest", "marks")

    def __init__(self, whole: str, text: Callable[[], str], encoders: Encoders) -> None:
        self._text = text  # makes it again when it is wanted: a piece of base64 is longer than its secret
        self._touched, self._tables, self.ends = encoders.touched, encoders.tables, encoders.ends
        self.longest = encoders.longest(whole)
        self.heads = self._written(whole[:HEAD], slice(HEAD))
        self.marks = self._written(_mark(whole), slice(-_MOST_MARK, None))

    @property
    def spellings(self) -> Iterator[bytes]:
        text = self._text()
        return (table.write(text) for table in self._tables)

    def possible(self, data: bytes) -> Iterator[bytes]:
        """The spellings that may stand in this text; they do not if it holds none of the marks."""
        if any(mark in data for mark in self.marks):
            text = self._text()
            yield from (table.write(text) for table in self._likely(text, data))

    def begun(self, data: bytes) -> Iterator[Begun]:
        """The spellings in a beginning of which the text ends. Most differ from what is there soon, and then no more of
        them is written."""
        if not any(head in data for head in self.heads):
            return
        text = self._text()
        for table in self._tables:
            beginning = table.write(text[:_BEGINNING])
            starts = [at for at in _places(beginning[:HEAD], data) if _goes_on(beginning, data, at)]
            beginning = table.write(text[:_MORE]) if starts else b""
            if any(_goes_on(beginning, data, at) for at in starts):
                spelling = table.write(text)
                rest = (at for at in starts if len(data) - at < len(spelling) and _goes_on(spelling, data, at))
                yield Begun(len(data) - next(rest, len(data)), len(spelling))

    def _likely(self, text: str, data: bytes) -> tuple[Table, ...]:
        """Tables all of whose writings of single characters are there."""
        tables = self._tables
        for each in self._touched_in(text) if len(tables) > 1 else "":
            there = {written for written in {table[each] for table in tables} if written.encode() in data}
            tables = tuple(table for table in tables if table[each] in there)
        return tables

    def _touched_in(self, text: str) -> str:
        beyond = _BEYOND_ASCII.search(text)
        return self._touched.rstrip(BEYOND) + (beyond[0] if beyond else "")

    def _written(self, piece: str, cut: slice) -> tuple[bytes, ...]:
        return tuple(dict.fromkeys(table.write(piece)[cut] for table in self._tables))


def _mark(text: str) -> str:
    """What no encoder touches, if there is enough; else as much as must be looked for in each spelling."""
    run = max(reversed(_RUN.findall(text[-_NEAR_THE_END:])), key=len, default="")
    return run[-_MOST_MARK:] if len(run) >= _LEAST_MARK else text[-SHORTEST:]


def _places(head: bytes, data: bytes) -> Iterator[int]:
    at = data.find(head)
    while at >= 0:
        yield at
        at = data.find(head, at + 1)


def _goes_on(beginning: bytes, data: bytes, at: int) -> bool:
    return beginning.startswith(data[at : at + len(beginning)])


def _form(secret: str) -> bytes:
    """What `quote_plus` makes of it, but not in a step for each byte."""
    return _ESCAPED.sub(lambda run: b"%" + run[0].hex("%").upper().encode(), secret.encode()).replace(b" ", b"+")


def _base64_of(secret: str, before: int) -> str:
    return _inside_base64(secret.encode(), before)


def _base64_of_form(secret: str, before: int) -> str:
    """RFC 6749 §2.3.1 encodes twice."""
    return _inside_base64(_form(secret), before)


def _inside_base64(text: bytes, before: int) -> str:
    """What of the base64 of a text does not depend on its neighbours, with `before` bytes ahead of it in its triple."""
    encoded = b64encode(b"\0" * before + text).decode("ascii")
    return encoded[(before * 8 + 5) // 6 : (before + len(text)) * 8 // 6]
