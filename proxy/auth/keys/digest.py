"""The keys of `digest`: how a vendor's own signature is made, in words of the config.

Owns: the keys and the rules on them. Must not know: any vendor. No finding quotes a value.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Literal

from pydantic import Field, model_validator

from proxy.auth.signing.digest import FORM, HASHED, MADE, MESSAGE, SENT, Described, latin
from proxy.auth.signing.filters import FILTERS, filtered, unfinished
from proxy.auth.signing.request import Algorithm
from proxy.http.grammar import field_problem
from proxy.values.kinds import UNSET, Duration, Secretive, Texts
from proxy.values.signing import rsa_signer
from proxy.values.template import Template
from proxy.values.where import Finding, Where


class Digest(Secretive):
    """`query`, `headers`, `form` and `json` are added, those with `{signature}` or `{proof}` last; `text` is what is
    hashed, `key` the key of an HMAC, `proof` a text around the signature.

    `pairs` are the parameters of query and form, sorted by name, decoded. `zone`: how far ahead of UTC the vendor's
    clocks are. `part`: of a multipart form, the part that is signed.
    """

    hash: Literal["md5", "sha1", "sha256", "sha512"]
    hmac: bool = False
    rsa: bool = False
    key: str = "{secret}"
    output: Literal["hex", "HEX", "base64", "base64url"] = "hex"
    text: str
    proof: str = "{signature}"
    pair: str = "{name}{value}"
    glue: str = ""
    leave_out: Texts = []
    empty: bool = True
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    form: dict[str, str] = {}
    json_: dict[str, str] = Field(default={}, alias="json")
    time: str = "s"
    zone: Duration = 0.0
    part: str | None = None

    @model_validator(mode="after")
    def one_way(self) -> Digest:
        if self.hmac and self.rsa:
            raise ValueError("either hmac or rsa")
        if self.rsa and self.hash not in ("sha1", "sha256"):
            raise ValueError("rsa signs sha1 or sha256")
        if self.form and self.json_:
            raise ValueError("a body is a form or JSON")
        return self

    @property
    def added(self) -> dict[str, dict[str, str]]:
        return {"query": self.query, "headers": self.headers, "form": self.form, "json": self.json_}

    def check(self, where: Where) -> Iterator[Finding]:
        for part, texts in self.added.items():
            for name, text in texts.items():
                if part == "headers" and (problem := field_problem(name, text)):
                    yield Finding((*where, part, name), problem)
                yield from _check_template((*where, part, name), text, _known(part))
        yield from _check_template((*where, "text"), self.text, HASHED)
        yield from _check_template((*where, "key"), self.key, ("secret",))
        yield from _check_template((*where, "proof"), self.proof, (*MESSAGE, "signature"))
        yield from _check_template((*where, "pair"), self.pair, ("name", "value"))
        written = [text for part in self.added.values() for text in part.values()]
        if UNSET not in written and not any(map(_signs, self.added.values())):
            yield Finding(where, "nothing says where the {signature} goes: in query, headers, form or json")

    def algorithm(self, secret: str) -> Algorithm:
        """Raises ValueError for a text that is no template, or a secret that is no key."""
        made = Described(
            self._hashed(secret),
            self.output,
            _template(self.text, HASHED),
            _template(self.proof, (*MESSAGE, "signature")),
            _format(_template(self.pair, ("name", "value"))),
            latin(self.glue),
            frozenset(map(latin, self.leave_out)),
            self.empty,
            {part: _templates(part, texts) for part, texts in self.added.items()},
            latin(self.time),
            self.zone,
            None if self.part is None else latin(self.part),
        )
        read = [name for text in (made.text, made.proof, *made.added["headers"].values()) for name in text.names]
        return Algorithm(
            made.sign,
            frozenset((*map(str.lower, self.headers), "authorization")),
            frozenset(map(str.lower, self.query)),
            ("buffer",) if made.edits or any(map(_of_body, read)) else ("none",),
            place=next((part for part in ("query", "form", "json") if _signs(self.added[part])), "header"),
            edits=FORM if self.form else "application/json" if self.json_ else None,
        )

    def _hashed(self, secret: str) -> Callable[[bytes], bytes]:
        if self.rsa:
            return rsa_signer(secret, self.hash)
        if self.hmac:
            key = _template(self.key, ("secret",)).render(lambda name: filtered(name, lambda _: latin(secret)))
            return lambda said: hmac.digest(key.encode("latin-1"), said, self.hash)
        return lambda said: hashlib.new(self.hash, said, usedforsecurity=False).digest()


def _check_template(where: Where, text: str, names: tuple[str, ...]) -> Iterator[Finding]:
    try:
        template = Template.parse(text, names, FILTERS)
    except ValueError as error:
        yield Finding(where, str(error))
        return
    for name in template.names:
        if bare := unfinished(name):
            yield Finding(where, f"behind |{bare} must stand how it is written: |hex, |HEX, |base64 or |base64url")


def _template(text: str, names: Collection[str]) -> Template:
    return Template.parse(latin(text), names, FILTERS)


def _format(template: Template) -> str:
    """The same for `%`, which fills it in C: one is filled for each parameter of a request."""
    return "".join(f"%({part})s" if index % 2 else part.replace("%", "%%") for index, part in enumerate(template.parts))


def _templates(place: str, written: Mapping[str, str]) -> dict[str, Template]:
    return {name: _template(text, _known(place)) for name, text in written.items()}


def _known(place: str) -> tuple[str, ...]:
    return (*(MESSAGE if place == "headers" else SENT), *MADE)


def _signs(texts: Mapping[str, str]) -> bool:
    return any(f"{{{made}" in text for text in texts.values() for made in MADE)


def _of_body(name: str) -> bool:
    return name.partition("|")[0] in ("pairs", "body") or name.startswith(("form.", "json."))
