"""`rewrite: json`: which replies are rewritten, and what of their heads goes (docs/providers.md#urls-in-bodies). Pure.

Owns: that, and the lines of an event stream that are JSON. Must not know: how a text is searched (json_urls.py), or how
a reply is framed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

from proxy.http.fields import Fields, without
from proxy.http.origin import Origin
from proxy.plan.replies.json_urls import Below, JsonUrls, Place, UrlStream, in_string
from proxy.plan.replies.links import Links

OF_THE_BYTES: Final = frozenset(
    (
        *(b"content-length", b"etag", b"digest", b"content-digest", b"repr-digest", b"content-md5"),
        *(b"x-goog-hash", b"x-amz-checksum-crc32", b"x-amz-checksum-crc32c", b"x-amz-checksum-sha256"),
    )
)
"""What is said of a body as it was, in its head or behind it."""
_JSON: Final = frozenset(
    (
        *(b"application/json", b"text/json", b"application/x-json", b"application/json-seq"),
        *(b"application/x-ndjson", b"application/ndjson", b"application/jsonl", b"application/x-jsonlines"),
    )
)
_EVENTS: Final = b"text/event-stream"
_SIGNED: Final = b"application/jose+json"
_PARTIAL: Final = 206
_LINES: Final = re.compile(rb"[^\n]*\n|[^\n]+")
_OPENED: Final = re.compile(rb"data: *[\[{]")
_FIELD: Final = b"data:"
_START: Final = 64


class Changing(Protocol):
    """A text that is changed as it comes."""

    def feed(self, data: bytes) -> bytes: ...

    def end(self) -> bytes: ...


class Rewriting(NamedTuple):
    """Of one reply: the headers that are left, and what its body goes through."""

    headers: Fields
    text: Changing

    def __repr__(self) -> str:
        return "<Rewriting>"  # what stands in the headers of a reply is not for logs


class Rewrite:
    """Of a route, and of all hosts that it leads to."""

    __slots__ = ("_hosts", "_origin", "_urls")

    def __init__(self, links: Links, hosts: Sequence[str], origin: Origin | None = None) -> None:
        """`hosts` are those that `PREFIX/~HOST` leads to, as they are written; by the scheme and port of `origin`, or
        of the upstream.
        """
        self._hosts = hosts
        self._origin = origin
        self._urls = JsonUrls([*_home(links), *_elsewhere(links.prefix, hosts, origin or links.target.origin)])

    def led(self, links: Links) -> Rewrite:
        """The same, where the issuer has said which upstream it is."""
        return Rewrite(links, self._hosts, self._origin)

    def begin(self, status: int, headers: Fields, own: bytes) -> Rewriting | None:
        """None where the reply is no JSON, a part of one, coded or signed. `own`: the proxy's scheme and authority."""
        if status == _PARTIAL or own.endswith(b"//"):
            return None
        kind = b""
        for name, value in headers:
            lower = name.lower()
            if lower == b"content-type":
                kind = value.split(b";", 1)[0].strip().lower()
            elif _is_opaque(lower, value):
                return None
        text = self._text(kind, in_string(own))
        return None if text is None else Rewriting(without(headers, OF_THE_BYTES), text)

    def _text(self, kind: bytes, own: bytes) -> Changing | None:
        if kind == _EVENTS:
            return _Events(UrlStream(self._urls, own))
        is_json = kind in _JSON or (kind.endswith(b"+json") and kind != _SIGNED)
        return UrlStream(self._urls, own) if is_json else None


def _is_opaque(name: bytes, value: bytes) -> bool:
    """Does this header say that the body can't be read, or that it must not be touched (RFC 9421, vendors' own)?"""
    if name == b"content-encoding":
        return value.strip().lower() not in (b"", b"identity")
    return name == b"signature-input" or name.endswith(b"signature")


def _home(links: Links) -> Iterator[Place]:
    """The upstream, by all names that `Target.below` knows it by."""
    target = links.target
    if target.template is not None:  # a token follows the base: it must not come back, and no client could ask for it
        return
    tls, port = target.origin.tls, target.origin.port
    name = target.host.removesuffix(b":%d" % port).lower()
    authorities = {b"%b:%d" % (name, port), target.host.lower()}
    heads = {scheme + authority for scheme in (b"https://", b"http://") for authority in authorities}
    if port == (443 if tls else 80):
        heads.add((b"http://%b:80" if tls else b"https://%b:443") % name)
    yield from (Place(head, target.base + links.kept, links.prefix) for head in sorted(heads))


def _elsewhere(prefix: bytes, hosts: Iterable[str], origin: Origin) -> Iterator[Place | Below]:
    scheme = b"https://" if origin.tls else b"http://"
    ports = {b":%d" % origin.port} | ({b""} if origin.port == (443 if origin.tls else 80) else set())
    for host in hosts:
        name = host.removeprefix("*").lower().encode("ascii")
        for port in sorted(ports):
            if host.startswith("*"):
                yield Below(scheme, name + port, prefix)
            else:
                yield Place(scheme + name + port, b"", b"%b/~%b" % (prefix, name))


class _Events:
    """Server-sent events: `data` that is an object or a list, over all its lines. Whatever else stands there is text,
    in which a quoted URL is what somebody wrote.
    """

    __slots__ = ("_is_json", "_start", "_strings")

    def __init__(self, strings: UrlStream) -> None:
        self._strings = strings
        self._start = b""  # of the line that is under way
        self._is_json = False  # the event that is under way

    def feed(self, data: bytes) -> bytes:
        return b"".join(map(self._line, _LINES.findall(data)))

    def _line(self, part: bytes) -> bytes:
        if len(self._start) < _START:
            self._start += part[:_START]
        if _OPENED.match(self._start):
            self._is_json = True
        out = self._strings.feed(part) if self._is_json and self._start.startswith(_FIELD) else part
        if part.endswith(b"\n"):
            self._is_json = self._is_json and self._start.strip() != b""
            self._start = b""
        return out

    def end(self) -> bytes:
        return self._strings.end()
