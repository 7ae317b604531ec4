"""What of a reply's head goes on to the client as it is, and what its content is. Pure.

Owns: which fields are looked at beside their passing. Must not know: exchanges, how a body is framed.
"""

from __future__ import annotations

from typing import Final, cast

from proxy.http.fields import Fields, named_by_connection, without
from proxy.http.memo import Bound, remember
from proxy.http.repeated import Lines
from proxy.plan.headers import LINKING, OF_CONTENT
from proxy.plan.replies.scrub import is_text
from proxy.plan.route import RoutePlan

_COMPRESSED: Final = frozenset(b"gzip x-gzip deflate compress x-compress br zstd dcb dcz".split())
"""All of IANA's that hide text. Others stand there by mistake (`utf-8`, `none`), and clients read the body as it is."""
_TYPES: Final = Bound(most=512, longest=256)
_texts: Final[dict[bytes, bool]] = {}


class Passed:
    """Of a reply's head: the lines that pass, fields to be turned to the proxy's URLs, whether the length is told, and
    whether the body can be searched for secrets. Immutable.
    """

    __slots__ = ("lines", "links", "readable", "sized")

    def __init__(self, lines: bytes, links: Fields, sized: bool, readable: bool) -> None:
        self.lines = lines
        self.links = links
        self.sized = sized
        self.readable = readable


def passed(plan: RoutePlan, headers: Fields, lines: Lines | None = None) -> Passed:
    """`lines`: the headers came in these, which may come again."""
    if lines is None:
        return _passed(plan, headers)
    if lines.maker is not plan:
        lines.maker, lines.made = plan, _passed(plan, headers)
    return cast("Passed", lines.made)


def _passed(plan: RoutePlan, headers: Fields) -> Passed:
    lines, noted = plan.reply_headers.sort(headers)
    links = []
    sized = coded = False
    text: bool | None = None  # what says nothing of itself is shown as text by most
    for name, value in noted:
        if name == b"content-length":
            sized = True
        elif name == b"content-type":
            text = bool(text) or _is_text(value) or plan.scrub == "strict"
        elif name == b"content-encoding":
            coded = coded or not _COMPRESSED.isdisjoint(value.lower().replace(b" ", b"").split(b","))
        elif name == b"connection":
            named = named_by_connection(value)
            if named and (named := named - OF_CONTENT):  # what frames the body is never one hop's alone
                return _passed(plan, without(headers, named | {name}))
        elif name in LINKING and name not in plan.reply_edited:
            links.append((name, value))
    return Passed(b"".join(lines), links, sized, text is not False and not coded and plan.scrub != "headers")


def _is_text(content_type: bytes) -> bool:
    known = _texts.get(content_type)
    if known is None:
        return remember(_texts, content_type, is_text(content_type), len(content_type), _TYPES)
    return known
