"""A digest that the config describes: how shops, exchanges and payments sign, each with its own text, hash and names.

Owns: how such a digest is made. Must not know: any vendor, or how a description is written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from json import dumps, loads
from typing import Any, Final

from proxy.auth.placing import places
from proxy.auth.signing.canonical import encoded, parameters
from proxy.auth.signing.filters import OUTPUTS, filtered
from proxy.auth.signing.multipart import KIND, part_of
from proxy.auth.signing.request import Keys, Moment, Signable, Signed
from proxy.auth.signing.times import time_of
from proxy.errors import Fault
from proxy.values.template import Template

SENT: Final = ("access_key", "session_token", "time", "nonce", "method", "host", "path")
MESSAGE: Final = (*SENT, "query", "target", "body", "header.", "query.", "form.", "json.")
HASHED: Final = ("secret", "pairs", *MESSAGE)
"""What texts in query and body know, those in headers, and the one that is hashed."""
MADE: Final = ("signature", "proof")
"""What is there only after the digest."""
FORM: Final = "application/x-www-form-urlencoded"

Texts = Mapping[str, Template]


@dataclass(slots=True, eq=False, repr=False)
class Described:
    """`added`: what is put into `query`, `headers`, `form` and `json`. Texts with `{signature}` or `{proof}` are filled
    after the digest and take no part in it; those with `{session_token}` are left out where there is none.

    `digest` makes bytes of the text; `proof` is a text around the signature; `pair` is a format (`%(name)s%(value)s`);
    `zone` is in seconds ahead of UTC; `part` is what alone stands for the body, where it is a multipart form.
    """

    digest: Callable[[bytes], bytes]
    output: str
    text: Template
    proof: Template
    pair: str
    glue: str
    leave_out: frozenset[str]
    empty: bool
    added: Mapping[str, Texts]
    time: str
    zone: float
    part: str | None = None
    first: Mapping[str, Texts] = field(init=False)
    last: Mapping[str, Texts] = field(init=False)

    def __post_init__(self) -> None:
        for name, made in (("first", False), ("last", True)):
            texts = {
                place: {key: text for key, text in several.items() if needs(text, *MADE) == made}
                for place, several in self.added.items()
            }
            object.__setattr__(self, name, texts)

    def sign(self, request: Signable, keys: Keys, moment: Moment) -> Signed:
        asked = _Asked(self, request, self._account(keys, moment))
        before = {place: self._filled(place, asked, made=False) for place in ("query", "form", "json")}
        query = "&".join(part for part in (request.query, _query(before["query"])) if part)
        body = self._edited(request.body or b"", before, self.added["form"])
        asked.request = request._replace(query=query, body=body)
        asked.known["signature"] = OUTPUTS[self.output](self.digest(asked.text(self.text).encode("latin-1")))
        asked.known["proof"] = asked.text(self.proof)
        after = {place: self._filled(place, asked, made=True) for place in ("query", "form", "json")}
        headers = self._filled("headers", asked, made=False) | self._filled("headers", asked, made=True)
        made = Signed(headers, _query(before["query"] | after["query"]))
        return made._replace(body=self._edited(body, after, after["form"])) if self.edits else made

    @property
    def edits(self) -> bool:
        """A field of the body is filled."""
        return bool(self.added["form"] or self.added["json"])

    def pairs(self, pairs: list[tuple[str, str]]) -> str:
        kept = sorted(pair for pair in pairs if pair[0] not in self.leave_out and (pair[1] or self.empty))
        return self.glue.join([self.pair % {"name": name, "value": value} for name, value in kept])

    def _account(self, keys: Keys, moment: Moment) -> dict[str, str]:
        account = {"access_key": keys.access, "secret": latin(keys.secret)}
        account |= {"time": time_of(self.time, self.zone, moment), "nonce": moment.nonce()}
        return account if keys.session is None else account | {"session_token": keys.session}

    def _filled(self, place: str, asked: _Asked, *, made: bool) -> dict[str, str]:
        """What needs the digest if `made`, else what does not."""
        texts = (self.last if made else self.first)[place]
        if texts and "session_token" not in asked.known:
            texts = {name: text for name, text in texts.items() if not needs(text, "session_token")}
        return {name: asked.text(text) for name, text in texts.items()}

    def _edited(self, body: bytes, filled: Mapping[str, Mapping[str, str]], ours: Collection[str]) -> bytes:
        """`ours`: fields of a form that the client's go for. Raises Fault bad_request for what is no JSON object."""
        if filled["json"]:
            fields = [(tuple(name.split(".")), _text(value)) for name, value in filled["json"].items()]
            try:
                return places.inject_json(body or b"{}", fields)
            except ValueError as error:
                raise Fault("bad_request", f"the signature goes into the body, which can't take it: {error}") from None
        if ours:
            return places.inject_form(body, frozenset(map(str.lower, ours)), _query(filled["form"]).encode("latin-1"))
        return body


@dataclass(slots=True)
class _Asked:
    """The values that texts may name, of one request."""

    digest: Described
    request: Signable = field(repr=False)
    known: dict[str, str] = field(repr=False)

    def text(self, template: Template) -> str:
        return template.render(lambda name: filtered(name, self.value))

    def value(self, name: str) -> str:
        if name in self.known:
            return self.known[name]
        kind, _, below = name.partition(".")
        return self._below(kind, below) if below else self._whole(name)

    def _whole(self, name: str) -> str:
        request = self.request
        if name == "session_token":
            return ""
        if name == "pairs":
            return self.digest.pairs(parameters(request.query) + self._form())
        if name == "target":
            return f"{request.path}?{request.query}" if request.query else request.path
        return self._body() if name == "body" else getattr(request, name)

    def _body(self) -> str:
        """Raises Fault for a multipart form without the part that is signed."""
        body, kind, part = self.request.body or b"", self.request.header("content-type") or "", self.digest.part
        if part is None or not kind.lower().startswith(KIND):
            return body.decode("latin-1")
        content = part_of(body, kind, part)
        if content is None:
            raise Fault(
                "bad_request", f"the signature is over the part {part} of the form, which has none of that name"
            )
        return content.decode("latin-1")

    def _below(self, kind: str, name: str) -> str:
        """The first of that name; empty where there is none."""
        if kind == "header":
            return self.request.header(name.lower()) or ""
        if kind == "json":
            return self._json(name)
        pairs = self._form() if kind == "form" else parameters(self.request.query)
        return next((value for key, value in pairs if key == name), "")

    def _form(self) -> list[tuple[str, str]]:
        """A body without a type is what the digest says of itself."""
        given = self.request.header("content-type")
        there = bool(self.digest.added["form"]) if given is None else given.lower().startswith(FORM)
        return parameters((self.request.body or b"").decode("latin-1")) if there else []

    def _json(self, path: str) -> str:
        try:
            value: Any = loads(self.request.body or b"{}")
        except (ValueError, RecursionError):
            return ""
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return latin(value if isinstance(value, str) else "" if value is None else dumps(value))


def needs(template: Template, *names: str) -> bool:
    """Whether one of them stands in it, with filters or without."""
    return any(name.partition("|")[0] in names for name in template.names)


def _query(pairs: Mapping[str, str]) -> str:
    return "&".join(f"{encoded(name)}={encoded(value)}" for name, value in pairs.items())


def _text(value: str) -> str:
    return value.encode("latin-1").decode("utf-8", "replace")


def latin(text: str) -> str:
    """As its bytes go out."""
    return text.encode().decode("latin-1")
