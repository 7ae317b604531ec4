"""The keys of `digest`: how a vendor's own signature is made, in words of the config.

Owns: the keys and the rules on them. Must not know: any vendor. No finding quotes a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from proxy.auth.signing.digest import OF_ACCOUNT, OF_REQUEST, Described, latin
from proxy.auth.signing.request import Algorithm
from proxy.http.grammar import field_problem
from proxy.values.kinds import Duration, Secretive, Texts
from proxy.values.template import Template
from proxy.values.where import Finding, Where


class Digest(Secretive):
    """`query` and `headers` are added, those with `{signature}` last; `text` is what is hashed.

    `pairs` are the parameters of query and form, sorted by name, decoded. `zone`: how far ahead of UTC the vendor's
    clocks are.
    """

    hash: Literal["md5", "sha1", "sha256", "sha512"]
    hmac: bool = False
    output: Literal["hex", "HEX", "base64"] = "hex"
    text: str
    pair: str = "{name}{value}"
    glue: str = ""
    leave_out: Texts = []
    empty: bool = True
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    time: str = "s"
    zone: Duration = 0.0

    def check(self, where: Where) -> Iterator[Finding]:
        added = [("query", name, text) for name, text in self.query.items()]
        added += [("headers", name, text) for name, text in self.headers.items()]
        for part, name, text in added:
            if part == "headers" and (problem := field_problem(name, text)):
                yield Finding((*where, part, name), problem)
            yield from _check_template((*where, part, name), text, (*OF_ACCOUNT, "signature"))
        yield from _check_template((*where, "text"), self.text, OF_REQUEST)
        yield from _check_template((*where, "pair"), self.pair, ("name", "value"))
        if not any("{signature}" in text for _, _, text in added):
            yield Finding(where, "nothing says where the {signature} goes: in query or headers")

    def algorithm(self) -> Algorithm:
        """Raises ValueError for a text that is no template."""
        made = Described(
            self.hash,
            self.hmac,
            self.output,
            Template.parse(latin(self.text), OF_REQUEST),
            Template.parse(latin(self.pair), ("name", "value")),
            latin(self.glue),
            frozenset(self.leave_out),
            self.empty,
            _templates(self.query),
            _templates(self.headers),
            self.time,
            self.zone,
        )
        reads = {"pairs", "body"} & set(made.text.names)
        return Algorithm(
            made.sign,
            frozenset((*map(str.lower, self.headers), "authorization")),
            frozenset(map(str.lower, self.query)),
            ("buffer",) if reads else ("none",),
            place="query" if any("{signature}" in text for text in self.query.values()) else "header",
        )


def _check_template(where: Where, text: str, names: tuple[str, ...]) -> Iterator[Finding]:
    try:
        Template.parse(text, names)
    except ValueError as error:
        yield Finding(where, str(error))


def _templates(written: Mapping[str, str]) -> dict[str, Template]:
    return {name: Template.parse(text, (*OF_ACCOUNT, "signature")) for name, text in written.items()}
