"""What a stream of bytes means, by the letter of RFC 9112: slow, and with nothing of llhttp in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_LINE = re.compile(rb"(%b) +([!-~]+) +HTTP/1\.([01])" % TOKEN)
"""Several spaces are one, as §3 permits: they can't be taken for anything else."""
_FIELD = re.compile(rb"(%b):[ \t]*((?:[!-~\x80-\xff](?:[ \t!-~\x80-\xff]*[!-~\x80-\xff])?)?)[ \t]*" % TOKEN)
_QUOTED = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t !-~\x80-\xff])*"'
_CHUNK = re.compile(rb"([0-9A-Fa-f]+)((?:[ \t]*;[ \t]*(?:%b)?(?:[ \t]*=[ \t]*(?:%b|%b)?)?)*)" % (TOKEN, TOKEN, _QUOTED))
"""An extension may lack its name or value, as llhttp has it: its line ends for everybody at the same CRLF."""


class IrregularError(Exception):
    """No request, and nothing behind it is one."""


class UnfinishedError(Exception):
    """More must come."""


@dataclass
class Parsed:
    method: bytes
    target: bytes
    modern: bool
    fields: list[tuple[bytes, bytes]]
    body: bytes = b""
    complete: bool = field(default=False, compare=False)
    last: bool = field(default=False, compare=False)
    """No request may follow."""

    def values(self, name: bytes) -> list[bytes]:
        return [value for known, value in self.fields if known.lower() == name]


class Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def line(self) -> bytes:
        line, end, rest = self.data.partition(b"\r\n")
        if re.search(rb"[\r\n]", line.removesuffix(b"\r") if not end else line):
            raise IrregularError("a bare CR or LF")
        if not end:
            raise UnfinishedError
        self.data = rest
        return line

    def fields(self) -> list[tuple[bytes, bytes]]:
        found = []
        while line := self.line():
            match = _FIELD.fullmatch(line)
            if match is None:
                raise IrregularError(f"the field {line!r}")
            found.append((match[1], match[2]))
        return found

    def take(self, size: int, into: Parsed) -> None:
        piece, self.data = self.data[:size], self.data[size:]
        into.body += piece
        if len(piece) < size:
            raise UnfinishedError

    def chunks(self, into: Parsed) -> None:
        while True:
            line = self.line()
            match = _CHUNK.fullmatch(line)
            if match is None or int(match[1], 16) >= 1 << 64:
                raise IrregularError(f"the chunk {line!r}")
            size = int(match[1], 16)
            if size == 0:
                trailers = Parsed(b"", b"", True, self.fields())
                if trailers.values(b"content-length") or trailers.values(b"transfer-encoding"):
                    raise IrregularError("framing in trailers")
                return
            self.take(size, into)
            if not b"\r\n".startswith(self.data[:2]):
                raise IrregularError("no CRLF behind a chunk")
            self.line()


def parse(data: bytes) -> tuple[list[Parsed], bool]:
    """The requests in `data`, the last of them perhaps with a part of its body only; and whether all is regular."""
    reader = Reader(data)
    found: list[Parsed] = []
    try:
        while not (found and found[-1].last):
            reader.data = reader.data.lstrip(b"\r\n")  # §2.2; more of it than there, but nothing hides in empty lines
            _request(reader, found)
    except IrregularError:
        return found, False
    except UnfinishedError:
        return found, True
    return found, True  # what stands behind the last one is nobody's


def _request(reader: Reader, found: list[Parsed]) -> None:
    line = reader.line()
    match = _LINE.fullmatch(line)
    if match is None:
        raise IrregularError(f"the line {line!r}")
    request = Parsed(match[1], match[2], match[3] == b"1", reader.fields())
    lengths, codings = request.values(b"content-length"), request.values(b"transfer-encoding")
    if len(lengths) + len(codings) > 1 and not (codings and not lengths and codings[-1].lower() == b"chunked"):
        raise IrregularError("framed twice")
    if lengths and not (re.fullmatch(rb"[0-9]+", lengths[0]) and int(lengths[0]) < 1 << 64):
        raise IrregularError("a length that is none")
    if codings and (not request.modern or not re.fullmatch(rb"(?i)(.*[, \t])?chunked", codings[-1])):
        raise IrregularError("a coding that is not chunked")
    tokens = re.split(rb"[ \t]*,[ \t]*", b",".join(request.values(b"connection")).lower())
    request.last = b"close" in tokens or not request.modern  # as this proxy has it; 1.0 could go on
    found.append(request)
    if lengths:
        reader.take(int(lengths[0]), request)
    elif codings:
        reader.chunks(request)
    request.complete = True
