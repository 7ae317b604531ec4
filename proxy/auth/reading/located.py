"""An issuer's reply with what its body says, and where the parts of it are looked for.

A locator is JMESPath into the document, `header:NAME`, `cookie:NAME`, or `kept:NAME` of an earlier reply. Owns: the
formats that a body may have, and what keeps a reply from being a good one. Must not know: what is made of the parts. A
stranger's bytes come in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any
from urllib.parse import parse_qsl

from proxy.auth.paths import Path, compile_path, read_json
from proxy.auth.reading.cookies import Cookie, find_cookie
from proxy.auth.reading.failure import error_code
from proxy.auth.reading.meaning import HINTS, TRANSIENT_CODES
from proxy.auth.reading.times import dated
from proxy.auth.reading.xml_tree import read_xml
from proxy.auth.rules import holds
from proxy.auth.token import IssuerReply
from proxy.values.record import record

HEADER, COOKIE, KEPT = "header:", "cookie:", "kept:"

Ok = Sequence[tuple[str, frozenset[str]]]
"""Locators, and of each the texts that it may lead to."""

_OAUTH_ERRORS = frozenset(HINTS) | TRANSIENT_CODES
_FORMS = ("application/x-www-form-urlencoded", "text/plain")


@record
class Located:
    """`document` is None where the body was not what it should be, and `problem` says so. `said` is what the sender's
    clock said, Unix time; `now` is that, or else the moment at which the request was sent.
    """

    reply: IssuerReply
    document: Any = field(repr=False)
    problem: str
    paths: Mapping[str, Path]
    now: float
    said: float | None
    kept: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, reply: IssuerReply, form: str | None, paths: Mapping[str, Path], wall: float) -> Located:
        """`form` is the format that the body should have, None for whatever it looks like."""
        document, problem = _read(reply, form)
        said = dated(reply.headers)
        return cls(reply, document, problem, paths, wall if said is None else said, said)

    def find(self, locator: str) -> Any | None:
        if locator.startswith(HEADER):
            return self.reply.headers.get(locator.removeprefix(HEADER).strip().lower())
        if locator.startswith(COOKIE):
            cookie = self.cookie(locator)
            return None if cookie is None else cookie.value
        if locator.startswith(KEPT):
            return self.kept.get(locator.removeprefix(KEPT))
        return self.paths[locator].find(self.document)

    def cookie(self, locator: str) -> Cookie | None:
        """None for a locator of another kind, too."""
        if not locator.startswith(COOKIE):
            return None
        return find_cookie(self.reply.cookies, locator.removeprefix(COOKIE).strip(), self.now)

    def objection(self, ok: Ok) -> str | None:
        """What keeps the reply from being a good one; an empty text if its status says enough."""
        if not 200 <= self.reply.status < 300:
            return ""
        for locator, wanted in ok:
            if not holds(self.find(locator), wanted):
                beside = "" if self.document is not None else f"; {self.problem}"
                return f"`{locator}` isn't what `ok` asks for{beside}"
        if error_code(self.document, frozenset()) in _OAUTH_ERRORS:
            return "an error inside a good status"
        return None

    def lacks(self, locator: str) -> str:
        """Why there is nothing at the locator, in words."""
        if self.document is None and not is_outside(locator):
            return self.problem
        return f"no text at `{locator}`"


def is_outside(locator: str) -> bool:
    """What it names stands elsewhere than in the document."""
    return locator.startswith((HEADER, COOKIE, KEPT))


def paths_of(locators: Iterable[str | None]) -> dict[str, Path]:
    """Raises ValueError for a locator of the document that is not JMESPath."""
    return {each: compile_path(each) for each in locators if each is not None and not is_outside(each)}


def _read(reply: IssuerReply, form: str | None) -> tuple[Any | None, str]:
    """The document, or None and what is wrong. An error may come in any format, whatever a good reply has."""
    if not reply.body.strip():
        return None, "an empty body"
    problem = ""
    if form is not None:
        try:
            return _READERS[form](reply.body), ""
        except ValueError as error:
            problem = str(error)
        if 200 <= reply.status < 300:
            return None, problem
    return _guessed(reply), problem or "not JSON"


def _guessed(reply: IssuerReply) -> Any | None:
    """The reply's JSON, or a form as GitHub sends it; None for anything else."""
    try:
        return read_json(reply.body)
    except ValueError:
        pass
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _FORMS:
        return None
    try:
        return _form(reply.body)
    except ValueError:
        return None


def _json(body: bytes) -> Any:
    try:
        return read_json(body)
    except ValueError:
        raise ValueError("not JSON") from None


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.strip().decode("ascii"), strict_parsing=True, max_num_fields=100))
    except ValueError:
        raise ValueError("not a form") from None


def _text(body: bytes) -> str:
    try:
        return body.decode().strip()
    except UnicodeDecodeError:
        raise ValueError("not text in UTF-8") from None


_READERS: Mapping[str, Callable[[bytes], Any]] = {"json": _json, "form": _form, "text": _text, "xml": read_xml}
