"""Secrets to look for, APIs and issuers that give them away in every way there is, and a nose that finds any trace.

The nose shares no code with the proxy: it undoes encodings, and takes any eight bytes of a secret for a leak.
"""

from __future__ import annotations

import base64
import html
import json
import random
import re
import string
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus, unquote_to_bytes

from tests.raw import Message, Wire

GRAM = 8
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
_UNICODE = re.compile(rb"\\u([0-9A-Fa-f]{4})")
_ESCAPED = re.compile(rb'\\(["\\/])')
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"


def forms(secret: str) -> list[bytes]:
    """What encoders make of it."""
    quoted = quote(secret, safe="")
    lower = re.sub("%..", lambda escape: escape[0].lower(), quoted)
    in_json = json.dumps(secret)[1:-1]
    texts = [secret, quoted, lower, quote_plus(secret), in_json, in_json.replace("/", "\\/"), html.escape(secret)]
    found = [text.encode() for text in texts]
    for before in (b"", b"u:", b"user:", b"u"):
        whole = before + secret.encode() + b" end"
        found += [base64.b64encode(whole), base64.urlsafe_b64encode(whole).rstrip(b"=")]
    return list(dict.fromkeys(found))


def views(data: bytes) -> Iterator[bytes]:
    """The bytes as they are, and with each encoding undone."""
    plain = {data, unquote_to_bytes(data), unquote_to_bytes(unquote_to_bytes(data)), data.replace(b"+", b" ")}
    plain.add(html.unescape(data.decode("utf-8", "replace")).encode())
    unescaped = _UNICODE.sub(lambda code: chr(int(code[1], 16)).encode("utf-8", "replace"), data)
    plain |= {_ESCAPED.sub(rb"\1", unescaped), _ESCAPED.sub(rb"\1", _ESCAPED.sub(rb"\1", unescaped))}
    for each in plain:
        yield each
        for run in _BASE64.findall(each):
            standard = run.replace(b"-", b"+").replace(b"_", b"/")
            for start in range(4):
                piece = standard[start:]
                yield base64.b64decode(piece[: len(piece) // 4 * 4])


@dataclass
class Book:
    """All secrets by their owner, and what each place has seen. `chance` makes every run the same."""

    chance: random.Random = field(default_factory=lambda: random.Random(20))
    secrets: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    seen: defaultdict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    mints: int = 0
    minted: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def new(self, owner: str, marks: str = "/+=&%<") -> str:
        letters = string.ascii_letters + string.digits
        first, second, third = ("".join(self.chance.choices(letters, k=size)) for size in (8, 3, 9))
        secret = first + marks[:5] + second + marks[5:] + third
        self.secrets[owner].append(secret)
        return secret

    def mint(self, owner: str, marks: str) -> str:
        token = self.new(owner, marks)
        self.minted[owner].append(token)
        return token

    def lately(self, owner: str) -> list[str]:
        """What is alive: all that is configured, and the last two generations of what was minted."""
        dead = self.minted[owner][: -4 if owner == "header" else -2]
        return [secret for secret in self.secrets[owner] if secret not in dead]

    def traces(self, data: bytes, owners: Iterable[str] | None = None) -> dict[str, bytes]:
        """Whose secrets shine through, each with the bytes where they do."""
        grams = {
            raw[at : at + GRAM]: owner
            for owner in (self.secrets if owners is None else owners)
            for raw in (secret.encode() for secret in self.secrets[owner])
            for at in range(len(raw) - GRAM + 1)
        }
        found: dict[str, bytes] = {}
        for view in views(data):
            for at in range(len(view) - GRAM + 1):
                if owner := grams.get(view[at : at + GRAM]):
                    found.setdefault(owner, view[max(0, at - 40) : at + 60])
        return found


# ---------------------------------------------------------------------------------------------- an API that tells all


def _sized(body: bytes, kind: str, status: str = "200 OK", *lines: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n".encode()
    return head + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def _in_json(told: list[bytes]) -> bytes:
    return b'{"a": "' + b'", "b": "'.join(told) + b'"}'


def _headers(told: list[bytes]) -> bytes:
    named = [b"X-Told-%d: %b" % item for item in enumerate(told)]
    extra = [
        b"Set-Cookie: a=" + told[0],
        b"Location: https://x.test/?t=" + told[1],
        b"Link: </a?t=%b>; rel=next" % told[1],
    ]
    return _sized(b"", "text/plain", f"200 {told[1].decode()}", *named, *extra, b"WWW-Authenticate: Bearer " + told[0])


def _text_frames(told: list[bytes]) -> bytes:
    whole = b" ".join(told)
    pieces = [whole[at : at + 100] for at in range(0, len(whole), 100)]
    frames = [bytes((1 if at == 0 else 0, len(piece))) + piece for at, piece in enumerate(pieces)]
    reason = told[0][:100]
    return b"".join(frames) + b"\x80\x00" + bytes((0x88, 2 + len(reason))) + b"\x03\xe8" + reason


REPLIES: dict[str, Callable[[list[bytes]], bytes]] = {
    "headers": _headers,
    "json": lambda told: _sized(_in_json(told), "application/json"),
    "text": lambda told: _sized(b"\n".join(told), "text/plain"),
    "html": lambda told: _sized(b"<p>".join(told), "text/html; charset=utf-8"),
    "hal": lambda told: _sized(_in_json(told), "application/hal+json"),
    "unlabelled": lambda told: _sized(b" ".join(told), "x").replace(b"Content-Type: x\r\n", b""),
    "401": lambda told: _sized(_in_json(told), "application/json", "401 " + told[0].decode()),
    "403": lambda told: _sized(_in_json(told), "application/problem+json", "403 No"),
    "500": lambda told: _sized(b" ".join(told), "text/plain", "500 Oh"),
    "302": lambda told: _sized(b"", "text/plain", "302 Found", b"Location: /elsewhere?token=" + told[1]),
    "early": lambda told: (
        b"HTTP/1.1 103 Hints\r\nLink: </a?t=%b>; rel=x\r\nX-Told: %b\r\n\r\n" % (told[1], told[0])
        + _sized(b"", "text/plain")
    ),
    "cut": lambda told: _sized(b" ".join(told), "text/plain").replace(b"Content-Length: ", b"Content-Length: 9"),
    "closed": lambda told: b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nyou: " + told[0][:-1],
    "garbage": lambda told: b"HTTP/1.1 " + told[0] + b"\r\n\r\n",
    "bad-header": lambda told: b"HTTP/1.1 200 OK\r\n" + told[0] + b"\r\n\r\n",
    "bad-chunk": lambda told: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + told[0] + b"\r\n",
    "ws": lambda told: SWITCH + b"X-Told: " + told[0] + b"\r\n\r\n" + _text_frames(told),
}
CLOSING = frozenset(("cut", "closed", "garbage", "bad-header", "bad-chunk", "ws"))


def _chunks(told: list[bytes]) -> Iterator[bytes]:
    """Server-sent events, a byte to a chunk, with trailers."""
    yield b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    for each in told:
        yield b"".join(b"1\r\n%c\r\n" % byte for byte in b"data: " + each + b"\n\n")
    yield b"0\r\nX-Told: " + told[0] + b"\r\nX-Basic: " + told[-1] + b"\r\n\r\n"


def api(book: Book, name: str) -> Callable[[Wire], object]:
    """The API of one provider. The last part of the path says how it tells; `never`: it doesn't."""

    async def play(wire: Wire) -> None:
        while True:
            message = await wire.message()
            book.seen[f"api {name}"].append(raw(message))
            how = message.target.partition("?")[0].rpartition("/")[2]
            told = [form for secret in book.lately(name) for form in forms(secret)]
            if how == "never":
                await wire.rest()
            elif how == "dribble":
                for chunk in _chunks(told):
                    await wire.send(chunk)
            else:
                await wire.send(REPLIES[how](told))
            if how in CLOSING:
                return

    return play


def raw(message: Message) -> bytes:
    lines = [message.start, *(f"{name}: {value}" for name, value in message.headers)]
    return "\r\n".join((*lines, "", "")).encode("latin-1") + message.body


# ---------------------------------------------------------------------------------------------- an issuer like it


def issuer(book: Book) -> Callable[[Wire], object]:
    """`/OWNER/HOW`: `good` hands out new tokens, the others fail and repeat all that they know."""

    async def play(wire: Wire) -> None:
        message = await wire.message()
        _, owner, how = message.target.partition("?")[0].split("/")
        book.seen[f"issuer {owner}"].append(raw(message))
        await wire.send(_issued(book, owner, how))

    return play


def _issued(book: Book, owner: str, how: str) -> bytes:
    told = [form for secret in book.lately(owner) for form in forms(secret)]
    echo = (b"X-Told: " + told[0], b"Connection: close")
    prose = {name: b" ".join(told).decode() for name in ("error_description", "message", "msg")}
    if how == "good":
        book.mints += 1
        document = {"access_token": book.mint(owner, "/+=%"), "expires_in": 3600}
        if owner == "header":  # the only one who passes it on
            document["session"] = book.mint(owner, "-_.~")
        return _sized(json.dumps(document | prose).encode(), "application/json", "200 OK", *echo)
    status, error = {
        "wrong": ("401 No", "invalid_client"),
        "coded": ("400 No", re.sub(r"[^A-Za-z0-9_.:-]", "_", book.secrets[owner][0])),
        "login": ("400 No", "invalid_grant"),
        "down": ("500 " + told[0].decode(), "server_error"),
        "moved": ("302 Found", "x"),
    }.get(how, ("200 OK", "x"))
    if how == "nonsense":
        return _sized(b"<html>" + b" ".join(told), "text/html", status, *echo)
    location = b"Location: https://x.test/?secret=" + told[1]
    return _sized(json.dumps({"error": error} | prose).encode(), "application/json", status, location, *echo)
