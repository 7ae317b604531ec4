"""What a command must know of a proxy to run a program through it: where each route is, which SDKs it is for, and which
variables hold secrets.

Owns: its form, between processes that need not be of one release. Must not know: which variables a program gets of it
(cli/exec), keys.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Self

from proxy.values.record import record


@record
class OfferedRoute:
    """`url` is its address. `preset` is the name of the one that its provider uses; the rows of `sdk` are as it has
    them: `name`, `env`, and perhaps `base` and `setting`; with `url` where this one needs another address.
    """

    prefix: str
    url: str
    preset: str | None = None
    owns: tuple[str, ...] = ()  # words that stand for its vendor in names of variables
    sdk: tuple[Mapping[str, Any], ...] = ()

    @property
    def urls(self) -> set[str]:
        return {self.url, *(row["url"] for row in self.sdk if "url" in row)}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """From JSON. Raises KeyError, TypeError."""
        owns, sdk = tuple(document.get("owns", ())), tuple(document.get("sdk", ()))
        return cls(document["prefix"], document["url"], document.get("preset"), owns, sdk)


@record
class Offer:
    """`variables` are those that secrets are read from. `clients`: whether the proxy asks for keys.

    `local_tls`: whether some of these addresses show the certificate of this machine (`tls: local`). `marks` are the
    secrets, hashed with `salt`: whoever asks has variables of its own, which may hold copies.
    """

    routes: tuple[OfferedRoute, ...]
    variables: tuple[str, ...] = ()
    clients: bool = False
    local_tls: bool = False
    salt: str = ""
    marks: tuple[str, ...] = ()

    def holding(self, environ: Mapping[str, str]) -> Self:
        """With all variables of this environment that hold one of the secrets, whatever they are called."""
        marks = frozenset(self.marks)
        copies = sorted(name for name, value in environ.items() if marks and mark(self.salt, value) in marks)
        return replace(self, variables=tuple(dict.fromkeys((*self.variables, *copies))))

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """From JSON. Raises ValueError."""
        try:
            routes = tuple(map(OfferedRoute.read, document["routes"]))
            # the proxy may be of a release that knows none of these
            local_tls, salt = bool(document.get("local_tls")), str(document.get("salt", ""))
            marks = tuple(document.get("marks", ()))
            return cls(routes, tuple(document["variables"]), bool(document["clients"]), local_tls, salt, marks)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not an offer: {error!r}") from None

    def document(self) -> dict[str, Any]:
        return asdict(self)


def mark(salt: str, text: str) -> str:
    return hashlib.sha256((salt + text).encode("utf-8", "surrogateescape")).hexdigest()
