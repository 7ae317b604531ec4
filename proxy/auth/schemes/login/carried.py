"""What a token request carries that is there for this request alone: a JWT made for it, the workload's own identity.

Owns: the keys `jwt` and `identity` of a provider, and the texts in whose place `{jwt}` and `{identity}` stand. Must not
know: what a request is made of. Braces are looked at nowhere else: bodies are full of them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import Any, NamedTuple

from proxy.auth.jwt_template import JwtTemplate
from proxy.auth.keys.identity import Identity
from proxy.auth.keys.issuer import IssuerProvider
from proxy.auth.keys.jwt import JwtKeys
from proxy.auth.token import CommandRequest, IssuerReply, Request
from proxy.values.secret import Secret
from proxy.values.where import Finding, Where

NAMES = ("jwt", "identity")


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
    def carried_parts(self) -> tuple[Any, ...]:
        """What of it makes another token; nothing, where nothing is carried."""
        parts = {
            "jwt": None if self.jwt is None else self.jwt.made_of,
            "identity": None if self.identity is None else self.identity.model_dump(exclude={"timeout"}),
        }
        return ({name: part for name, part in parts.items() if part is not None},) if any(parts.values()) else ()

    def check_carried(self, where: Where, written: Any) -> Iterator[Finding]:
        """`written` is what may carry them."""
        if self.jwt is not None:
            yield from self.jwt.check_jwt((*where, "jwt"))
        if self.identity is not None:
            yield from self.identity.check((*where, "identity"))
        texts = list(_texts(written))
        for name in NAMES:
            there, used = getattr(self, name) is not None, any(f"{{{name}}}" in text for text in texts)
            if there and not used:
                yield Finding((*where, name), f"nothing carries it: write {{{name}}} where it belongs in `request`")
            if used and not there:
                yield Finding((*where, "request"), f"{{{name}}} needs the key `{name}` beside `request`")


class Carried(NamedTuple):
    """Where both come from."""

    jwt: JwtTemplate | None
    identity: Identity | None

    def texts(self, wall: float) -> Generator[Request, IssuerReply, dict[str, str]]:
        """By name. Raises IssuerError."""
        texts: dict[str, str] = {}
        if self.identity is not None:
            texts["identity"] = Secret((yield from self.identity.read(wall)))
        if self.jwt is not None:
            texts["jwt"] = Secret(self.jwt.made(wall))
        return texts


def filled(written: Any, texts: Mapping[str, str]) -> Any:
    """The same tree, these texts in the place of their names in braces. What comes in is not searched again."""
    if isinstance(written, dict):
        return {key: filled(value, texts) for key, value in written.items()}
    if isinstance(written, list):
        return [filled(value, texts) for value in written]
    return _filled(written, texts) if isinstance(written, str) else written


def _filled(text: str, texts: Mapping[str, str]) -> str:
    for name in texts:
        head, brace, tail = text.partition(f"{{{name}}}")
        if brace:
            return _filled(head, texts) + texts[name] + _filled(tail, texts)
    return text


def _texts(written: Any) -> Iterator[str]:
    if isinstance(written, dict):
        for value in written.values():
            yield from _texts(value)
    elif isinstance(written, list):
        for value in written:
            yield from _texts(value)
    elif isinstance(written, str):
        yield written
