"""What a page of `/-/` is, and what it may answer.

Owns: who may be asked for, and how an answer is framed. Must not know: what any page says, who asks.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Sequence
from enum import Enum
from typing import Any, NamedTuple, Protocol, Self

from proxy.admin.view import View
from proxy.errors import Fault
from proxy.wire.inbound.request import Request

READ = frozenset(("GET", "HEAD"))
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HTML = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)


class Who(Enum):
    """Who may see a page. The guard has looked at Host and Origin in any case."""

    ANYONE = "anyone"
    OPERATOR = "operator"
    ITS_OWN = "the page asks by itself, and writes down whom it refuses"


class Asked(NamedTuple):
    """`names` are what the path's `*` stand for, unquoted."""

    request: Request
    names: Sequence[str]


class Answer(NamedTuple):
    """Make it with `json`, `text` or `html`."""

    body: bytes
    content_type: str
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"<Answer {self.status}>"  # it may be a token that is handed out

    @classmethod
    def json(cls, document: dict[str, Any], status: int = 200) -> Self:
        return cls(json.dumps(document, ensure_ascii=False).encode("utf-8") + b"\n", "application/json", status)

    @classmethod
    def text(cls, text: str, status: int = 200, content_type: str = "text/plain; charset=utf-8") -> Self:
        return cls(text.encode("utf-8"), content_type, status)

    @classmethod
    def html(cls, page: str, status: int = 200) -> Self:
        """It may load what lies under `/-/` only, run no script of its own text, and be shown in no frame."""
        return cls(page.encode("utf-8"), "text/html; charset=utf-8", status, _HTML)


class Page(Protocol):
    """A module of proxy/admin/pages.

    PATH is below `/-/`: `*` stands for one name, `...` at its end for any number of them. `answer` raises Fault for
    what is refused or not there.
    """

    PATH: str
    METHODS: frozenset[str]
    WHO: Who

    def answer(self, asked: Asked, view: View) -> Awaitable[Answer]: ...


def names_in(path: Sequence[str], pattern: str) -> list[str] | None:
    """What stands for the stars of `pattern`; None if `path` is another one."""
    wanted = pattern.split("/")
    if wanted[-1] == "...":
        count = len(wanted) - 1
        wanted[-1:] = ["*"] * max(0, len(path) - count)
    if len(wanted) != len(path) or any(want not in ("*", name) for want, name in zip(wanted, path, strict=True)):
        return None
    return [name for want, name in zip(wanted, path, strict=True) if want == "*"]


def missing(what: str) -> Fault:
    return Fault("no_route", what)
