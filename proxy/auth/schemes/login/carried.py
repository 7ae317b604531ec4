"""What a token request carries that is there for this request alone: a JWT made for it, the workload's own identity.

Owns: the keys `jwt` and `identity` of a provider, and the texts in whose place `{jwt}` and `{identity}` stand. Must not
know: what a request is made of.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel

from proxy.auth.jwt_template import JwtTemplate
from proxy.auth.keys.identity import Identity
from proxy.auth.keys.issuer import IssuerProvider
from proxy.auth.keys.jwt import JwtKeys
from proxy.auth.token import CommandRequest, IssuerReply, Request
from proxy.values.template import Template
from proxy.values.where import Finding, Where

NAMES = ("jwt", "identity")
_HOLE = re.compile(rf"\{{({'|'.join(NAMES)})\}}")


class CarryingProvider(IssuerProvider):
    """A provider whose requests to its issuer may carry them."""

    jwt: JwtKeys | None = None
    identity: Identity | None = None

    @property
    def commands(self) -> tuple[CommandRequest, ...]:
        return () if self.identity is None else self.identity.commands

    @property
    def unwritten(self) -> tuple[str, ...]:
        return () if self.identity is None else (self.identity.words,)

    @property
    def carried(self) -> Carried:
        """Raises ValueError for a key that can't sign."""
        return Carried(None if self.jwt is None else self.jwt.template(), self.identity)

    @property
    def carries(self) -> tuple[str, ...]:
        """The names of those that there are."""
        return tuple(name for name in NAMES if getattr(self, name) is not None)

    @property
    def carried_parts(self) -> dict[str, Any]:
        """What of it makes another token, by name."""
        return {
            "jwt": None if self.jwt is None else self.jwt.made_of,
            "identity": None if self.identity is None else self.identity.model_dump(exclude={"timeout"}),
        }

    def check_carried(
        self, where: Where, plain: BaseModel | None, requests: Iterable[BaseModel | None]
    ) -> Iterator[Finding]:
        """`plain` is a request whose other braces are text; templates tell of unknown names themselves."""
        if self.jwt is not None:
            yield from self.jwt.check_jwt((*where, "jwt"))
        if self.identity is not None:
            yield from self.identity.check((*where, "identity"))
        used = {name for request in requests if request is not None for name in carries(request.model_dump())}
        for name in self.carries:
            if name not in used:
                yield Finding((*where, name), f"nothing carries it: write {{{name}}} where it belongs in `request`")
        for name in carries({} if plain is None else plain.model_dump()):
            if name not in self.carries:
                yield Finding((*where, "request"), f"{{{name}}} needs the key `{name}` beside `request`")


class Carried(NamedTuple):
    """Where both come from."""

    jwt: JwtTemplate | None
    identity: Identity | None

    def texts(self, wall: float) -> Generator[Request, IssuerReply, dict[str, str]]:
        """By name. Raises IssuerError."""
        texts: dict[str, str] = {}
        if self.identity is not None:
            texts["identity"] = yield from self.identity.read(wall)
        if self.jwt is not None:
            texts["jwt"] = self.jwt.made(wall)
        return texts


def carries(written: Any) -> tuple[str, ...]:
    """Those of the names that stand in a text of the tree."""
    found = {name for text in _texts(written) for name in _HOLE.findall(text)}
    return tuple(name for name in NAMES if name in found)


def carrying(written: Any) -> Any:
    """The same tree with templates for texts, in which the names are holes and all other braces text."""
    if isinstance(written, dict):
        return {key: carrying(value) for key, value in written.items()}
    if isinstance(written, list):
        return [carrying(value) for value in written]
    return Template(tuple(_HOLE.split(written))) if isinstance(written, str) else written


def _texts(written: Any) -> Iterator[str]:
    inner = written.values() if isinstance(written, dict) else written if isinstance(written, list) else ()
    for value in inner:
        yield from _texts(value)
    if isinstance(written, str):
        yield written
