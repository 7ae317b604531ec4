"""What of an issuer's reply means what: the keys of `reply`, and the rules on them.

Must not know: how a reply is read (auth/reading/reply.py), or which scheme has asked. No finding quotes a value.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from proxy.auth.keys.provider import Host
from proxy.auth.paths import is_jmespath
from proxy.http.grammar import TOKEN
from proxy.values.kinds import OneOrMore, Regex, Statuses, Strict, Texts
from proxy.values.where import Finding, Where


class ExpiresIn(Strict):
    path: str
    unit: Literal["ms", "s", "minutes", "hours"] = "s"


class ExpiresAt(Strict):
    path: str
    unit: Literal["s", "ms", "iso"] = "s"


class ErrorRule(Strict):
    """How one documented error of the issuer is classed, and what the operator should do about it."""

    status: Statuses | None = None
    json_: dict[str, OneOrMore] | None = Field(default=None, alias="json")
    message: dict[str, Regex] | None = None
    body: Texts | None = None
    class_: Literal["passing", "credential", "login"] = Field(default="passing", alias="class")
    hint: str | None = None


Format = Literal["json", "form", "text", "xml"]
_DAY = {"ms": 86_400_000, "s": 86_400, "minutes": 1_440, "hours": 24}
_NAMES = re.compile(r"\w+(\.\w+)*")
_OF_HEAD = re.compile(rf"(header|cookie):{TOKEN.pattern}")


class ReplyMap(Strict):
    """Where the parts of the issuer's reply are: JMESPath into its document, `header:NAME` or `cookie:NAME`; after
    several steps also `kept:NAME`. `upstream`: where it says that the API is.

    `format`: what the body is; unsaid, JSON or a form.
    """

    format: Format | None = None
    ok: dict[str, OneOrMore] = {}
    token: str = "access_token"  # noqa: S105 -- the name of a reply field
    expires_in: str | ExpiresIn | None = None
    expires_at: str | ExpiresAt | None = None
    refresh_in: str | None = None
    refresh_token: str | None = None
    scope: str | None = None
    upstream: str | None = None
    error: str | None = None
    errors: list[ErrorRule] = []

    @property
    def shape(self) -> dict[str, Any]:
        """A reply that it reads, with `{placeholder}` for the token; what stands at no plain name is left out."""
        parts: dict[str, Any] = {path: values[0] for path, values in self.ok.items() if values}
        parts[self.token] = "{placeholder}"
        if self.expires_in is not None:
            inside = ExpiresIn(path=self.expires_in) if isinstance(self.expires_in, str) else self.expires_in
            parts[inside.path] = _DAY[inside.unit]
        made: dict[str, Any] = {}
        for path, value in parts.items():
            if _NAMES.fullmatch(path):
                *above, last = path.split(".")
                place: Any = made
                for name in above:
                    place = place.setdefault(name, {}) if isinstance(place, dict) else None
                if isinstance(place, dict):
                    place[last] = value
        return made

    @property
    def token_at(self) -> str:
        """A text is the token, where nobody says otherwise."""
        return "@" if self.format == "text" and "token" not in self.model_fields_set else self.token

    def check(self, where: Where, hosts: Iterable[Host] = (), kept: Collection[str] = ()) -> Iterator[Finding]:
        """`hosts` are the provider's; `kept` the names of what the steps of a login keep."""
        if self.upstream is not None and not any(host.credential for host in hosts):
            yield Finding(
                (*where, "upstream"),
                "no issuer may choose where its token goes: list the hosts that it may name in `hosts` of the provider,"
                " with credential: true",
            )
        for key in ("token", "expires_in", "expires_at", "refresh_in", "refresh_token", "scope", "upstream", "error"):
            value = getattr(self, key)
            path, at = (value, (*where, key)) if isinstance(value, str | None) else (value.path, (*where, key, "path"))
            if path is not None and path.startswith("kept:"):
                if path.removeprefix("kept:") not in kept:
                    yield Finding(at, "no step of `steps` before the last keeps that", got=True)
            elif path is not None and key in _ALSO_OF_HEAD:
                yield from check_locator(at, path)
            elif path is not None and not is_jmespath(path):
                yield Finding(at, "expected a JMESPath expression", got=True)
        yield from check_paths((*where, "ok"), self.ok)
        for index, rule in enumerate(self.errors):
            yield from check_paths((*where, "errors", index, "json"), rule.json_)
            yield from check_paths((*where, "errors", index, "message"), rule.message)


_ALSO_OF_HEAD = ("token", "expires_in", "expires_at", "refresh_token", "upstream")


def check_locator(where: Where, locator: str) -> Iterator[Finding]:
    kind, colon, _ = locator.partition(":")
    if colon and kind in ("header", "cookie"):
        if not _OF_HEAD.fullmatch(locator):
            yield Finding(where, f"expected {kind}:NAME")
    elif not is_jmespath(locator):
        yield Finding(where, "expected a JMESPath expression", got=True)


def check_paths(where: Where, conditions: Mapping[str, Any] | None) -> Iterator[Finding]:
    for path in conditions or {}:
        if not is_jmespath(path):
            yield Finding((*where, path), "expected a JMESPath expression as key")
