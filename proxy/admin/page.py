"""What a page of `/-/` is, and what it may answer.

Owns: who may be asked for, how an answer is framed, and what a browser may do with it. Must not know: what any page
says, who asks.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, Self
from urllib.parse import parse_qsl

from proxy.admin.streams import Pieces
from proxy.admin.view import View
from proxy.errors import Fault
from proxy.plan.target import split_path
from proxy.wire.inbound.request import Request

READ = frozenset(("GET", "HEAD"))
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types keyless"
)
_OWN = (
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_HTML = (
    ("Content-Security-Policy", _POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Referrer-Policy", "same-origin"),
    *_OWN,
)


class Who(Enum):
    """Who may see a page. The guard has looked at Host and Origin in any case."""

    ANYONE = "anyone"
    OPERATOR = "operator"
    ITS_OWN = "the page asks by itself, and writes down whom it refuses"


class Asked(NamedTuple):
    """`names` are what the path's `*` stand for, unquoted; `form` the fields of a form that was sent."""

    request: Request
    names: Sequence[str]
    form: Mapping[str, str] = MappingProxyType({})

    def __repr__(self) -> str:
        return f"Asked({self.request.method})"

    @property
    def query(self) -> dict[str, str]:
        """Of a name that comes twice, the last."""
        _, query = split_path(self.request.target)
        return dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))


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
    def html(cls, page: str, status: int = 200) -> Self:
        """It may load what is the proxy's only, run no script of its own text, and be shown in no frame."""
        return cls(page.encode("utf-8"), "text/html; charset=utf-8", status, _HTML)

    @classmethod
    def asset(cls, content: bytes, content_type: str) -> Self:
        """What pages are made of, for pages of this origin alone."""
        return cls(content, content_type, 200, _OWN)

    @classmethod
    def see(cls, path: str, *headers: tuple[str, str]) -> Self:
        """A browser goes on there, with a GET."""
        return cls(b"", "text/plain", 303, (("Location", path), *headers))


class Streaming(NamedTuple):
    """Events, for as long as somebody listens (streams.py)."""

    pieces: Pieces


class Page(Protocol):
    """A module of proxy/admin/pages.

    PATH is below `/-/`: `*` stands for one name, `...` at its end for any number of them. `answer` raises Fault for
    what is refused or not there.
    """

    @property
    def PATH(self) -> str: ...  # noqa: N802 -- a constant of a module

    @property
    def METHODS(self) -> frozenset[str]: ...  # noqa: N802 -- as above

    @property
    def WHO(self) -> Who: ...  # noqa: N802 -- as above

    def answer(self, asked: Asked, view: View) -> Awaitable[Answer | Streaming]: ...


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
