"""Where a request goes: the upstream's origin and base path, and how a caller's path stays below it.

Pure functions over bytes as they stand on the wire. Must not know: config, requests, sockets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from proxy.errors import Fault
from proxy.http.origin import Origin
from proxy.values.template import Template

_SUSPICIOUS: Final = re.compile(
    rb"[\\\x00-\x20\x7f-\xff]|%(?:2e|5c|25|7f|2f\.|c[01]|e[0-2]|ef|f0|[01][0-9a-f]|(?![0-9a-f]{2}))|/\.|\.\.",
    re.IGNORECASE,
)
_STRAY: Final = re.compile(rb"%(?![0-9a-f]{2})", re.IGNORECASE)
_MOST_READINGS: Final = 8
_FORBIDDEN: Final = re.compile(rb"[\\\x00-\x1f\x7f]")
_AUTHORITY: Final = re.compile(rb"([A-Za-z][A-Za-z0-9+.-]*:|)//([^/?#]*)")
_SCHEME: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:")
_DOTS: Final = re.compile(rb"(?<![^/])(?:\.|%2e){1,2}(?![^/])", re.IGNORECASE)
_AFTER_BASE: Final = (b"", b"/", b"?", b"#")
_ROUNDS: Final = 8
"""So often may a path be encoded: some servers, and what lies in front of them, decode `%252e` twice or more."""
_DISGUISED = {
    # UTF-8 that is longer than it may be (RFC 3629 §3), what IIS makes of `%u002e`, full width, other slashes
    b".": (b"\xc0\xae", b"\xe0\x80\xae", b"\xf0\x80\x80\xae", b"%uff0e", b"\xef\xbc\x8e", b"\xe2\x80\xa4"),
    b"/": (b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"%uff0f", b"\xef\xbc\x8f", b"\xe2\x88\x95"),
    b"\\": (b"\xc1\x9c", b"\xe0\x81\x9c", b"\xf0\x80\x81\x9c", b"%uff3c", b"\xef\xbc\xbc", b"%u2215"),
    b"%": (b"\xc0\xa5", b"\xe0\x80\xa5", b"\xf0\x80\x80\xa5", b"%uff05", b"\xef\xbc\x85"),
}
_UNMASKED: Final = {mask: plain for plain, masks in _DISGUISED.items() for mask in masks}
_MASKS: Final = re.compile(rb"%u00([0-7][0-9a-f])|" + b"|".join(map(re.escape, _UNMASKED)), re.IGNORECASE)


@dataclass(slots=True, eq=False, repr=False)
class Target:
    """A route's upstream, taken apart. `base` has no slash at its end; `whole` is the path exactly as configured. Where
    a token stands in the path, both are what is before it; `filled` matches all of it, with any token.

    What follows the host may hold a key that the user wrote there, so the repr shows none of it.
    """

    origin: Origin
    host: bytes
    base: bytes
    whole: bytes
    query: bytes
    template: Template | None
    filled: re.Pattern[bytes] | None = None

    @classmethod
    def parse(cls, upstream: str, *, private: bool = False, identity: str = "") -> Target:
        """`upstream` is an absolute URL; its path may hold `{token}`. The rest is the origin's."""
        url = urlsplit(upstream)
        tls = url.scheme == "https"
        origin = Origin(tls, url.hostname or "", url.port or (443 if tls else 80), private, identity)
        template = Template.parse(url.path)
        path = template.literals[0].encode("utf-8")
        return cls(
            origin,
            origin.host_header,
            path.rstrip(b"/"),
            path or b"/",
            url.query.encode("utf-8"),
            template if template.names else None,
            _filled(template) if template.names else None,
        )

    @property
    def root(self) -> bytes:
        """Scheme and authority."""
        return (b"https://" if self.origin.tls else b"http://") + self.host

    def below(self, url: bytes, kept: bytes = b"") -> bytes | None:
        """What stands behind the base path in a URL of this upstream (absolute or from the root), else None. `kept` is
        a prefix that stands between the two.
        """
        absolute = _AUTHORITY.match(url)
        if absolute is not None and not self._is_own(absolute[1].lower(), absolute[2].lower()):
            return None
        path = url if absolute is None else url[absolute.end() :]
        end = self._end_of_base(path)
        rest = path[end + len(kept) :]
        if end < 0 or not path.startswith(kept, end) or rest[:1] not in _AFTER_BASE or (absolute is None and not path):
            return None
        return rest if absolute is not None or path.startswith(b"/") else None

    def _end_of_base(self, path: bytes) -> int:
        """-1 if it doesn't begin with it."""
        if self.filled is None:
            return len(self.base) if path.startswith(self.base) else -1
        found = self.filled.match(path)
        return -1 if found is None else found.end()

    def _is_own(self, scheme: bytes, authority: bytes) -> bool:
        """Under another scheme, too: behind a TLS terminator, APIs often take themselves for plain http."""
        if scheme not in (b"", b"http:", b"https:"):
            return False
        tls, port = self.origin.tls, self.origin.port
        name = self.host.removesuffix(b":%d" % port)
        if authority in (self.host, b"%b:%d" % (name, port)):
            return True
        other, usual, usual_there = (b"http:", 443, 80) if tls else (b"https:", 80, 443)
        return port == usual and scheme == other and authority == b"%b:%d" % (name, usual_there)

    def resolve(self, reference: bytes, rest: bytes, kept: bytes = b"") -> bytes:
        """A URL of a reply as this API means it, without dot segments (RFC 3986 §5.2); `rest` is what the client asked
        for below the prefix. What it would resolve to the same place below the prefix stays as it is.
        """
        written, tail = _split_reference(reference)
        written = _DOTS.sub(_undotted, written.replace(b"\\", b"/"))  # read so by browsers (WHATWG URL, §4.4)
        if written.startswith(b"/") and not written.startswith(b"//"):
            return _without_dots(written) + tail
        absolute = _AUTHORITY.match(written)
        if absolute is not None:
            return absolute[0] + _without_dots(written[absolute.end() :]) + tail
        if _SCHEME.match(written) is not None or not (_DOTS.search(written) or (written and not rest)):
            return reference
        if self.template is not None:
            path = self.template.render(_anything).encode("utf-8").rstrip(b"/") + kept + (rest or b"/")
        else:
            path = self.base + kept + rest if kept or rest else self.whole
        return _without_dots(path[: path.rfind(b"/") + 1] + written) + tail


def _anything(_name: str) -> str:
    """In the place of a token, where it is only known that there is one."""
    return "-"


def _filled(template: Template) -> re.Pattern[bytes]:
    literals = [re.escape(text.encode("utf-8")) for text in template.literals]
    literals[-1] = re.escape(template.literals[-1].rstrip("/").encode("utf-8"))
    return re.compile(rb"[^/?#]+".join(literals))


def _split_reference(reference: bytes) -> tuple[bytes, bytes]:
    """The path with what is before it, and the query and fragment."""
    end = min((at for mark in (b"?", b"#") if (at := reference.find(mark)) >= 0), default=len(reference))
    return reference[:end], reference[end:]


def _without_dots(path: bytes) -> bytes:
    """RFC 3986 §5.2.4, of a path that begins with a slash."""
    if _DOTS.search(path) is None:
        return path
    kept: list[bytes] = []
    segments = path.split(b"/")[1:]
    for segment in segments:
        if segment == b"..":
            del kept[-1:]
        elif segment != b".":
            kept.append(segment)
    closing = b"/" if kept and segments[-1] in (b".", b"..") else b""
    return b"/" + b"/".join(kept) + closing


def _undotted(found: re.Match[bytes]) -> bytes:
    return b"." * (len(found[0]) - 2 * found[0].count(b"%"))


def split_path(target: bytes) -> tuple[bytes, bytes]:
    """A request target from the wire as path and query. Raises Fault for any that could leave its route."""
    path, _, query = target.partition(b"?")
    if not path.startswith(b"/"):
        raise Fault("path_refused", "the request target must be a path, not a URL")
    if b"#" in target:
        raise Fault("path_refused", "the request target holds a fragment")
    if _SUSPICIOUS.search(path) is not None:
        _refuse_escape(path)
    return path, query


def _refuse_escape(path: bytes) -> None:
    """Decoding leaves a dot or a slash alone, so that what shows in one round shows in all later ones: it is enough to
    look at whole texts, whatever part of them an API decodes.
    """
    readings = {path}
    for _ in range(_ROUNDS):
        for reading in readings:
            _refuse_plain_escape(reading)
        further = {decoded for reading in readings for decoded in _decoded(reading)}
        if further <= readings:
            return
        if len(further) > _MOST_READINGS:
            break
        readings = further
    raise Fault("path_refused", "the path is encoded too often")


def _refuse_plain_escape(path: bytes) -> None:
    if _FORBIDDEN.search(path) is not None:
        raise Fault("path_refused", "the path holds a backslash or a control character")
    segments = re.split(rb"[/\\]", _MASKS.sub(_unmasked, path))
    # `..;x` is a dot segment with parameters to servlet containers, and `.. ` is one to Windows
    if any(segment.split(b";", 1)[0].strip(b" ") in (b".", b"..") for segment in segments):
        raise Fault("path_refused", "the path holds dot segments")


def _decoded(path: bytes) -> set[bytes]:
    """What APIs make of it: most keep a `%` that begins no escape, some drop it, some unmask."""
    return {unquote_to_bytes(path), unquote_to_bytes(_STRAY.sub(b"", path)), _MASKS.sub(_unmasked, path)}


def _unmasked(found: re.Match[bytes]) -> bytes:
    return bytes.fromhex(found[1].decode("ascii")) if found[1] else _UNMASKED[found[0].lower()]
