"""A login's request, as the bytes that are sent.

Must not know: what its reply means, or how it is sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import field, replace
from typing import Any, NamedTuple
from urllib.parse import quote

from proxy.auth.filled import filled, templates
from proxy.auth.hosts import Hosts
from proxy.auth.paths import as_text
from proxy.auth.placing.inject import encode_form
from proxy.auth.placing.signing import Signing
from proxy.auth.reading.upstream import named_upstream
from proxy.auth.schemes.login.carried import carries, carrying
from proxy.auth.schemes.login.token_request import TEXTS, TokenRequest
from proxy.auth.schemes.request import signed, text_pairs, with_query
from proxy.auth.token import Consent, IssuerRequest, Tls
from proxy.errors import FailureClass, IssuerError
from proxy.http.grammar import TOKEN
from proxy.values.record import record
from proxy.values.template import Template

_ACCEPT = {"xml": "application/xml, text/xml", "text": "*/*", "form": "*/*"}
"""By the format of the reply; JSON for all others."""

Known = Mapping[str, Any]


class Around(NamedTuple):
    """Where requests of one provider may go: `hosts` are those that a reply may name."""

    consent: Consent
    hosts: Hosts


@record
class Asked:
    """`ready` is the request where it is the same each time; else it is built of `parts`, trees of templates.

    One that is sent as it is written may carry what is made for it, too: then all other braces in it are text.
    """

    written: TokenRequest = field(repr=False)
    ready: IssuerRequest | None
    parts: Mapping[str, Any] = field(repr=False)
    signing: Signing | None = field(repr=False)
    tls: Tls | None
    consent: Consent
    accept: str
    hosts: Hosts

    @classmethod
    def compile(
        cls, request: TokenRequest, known: Collection[str] | None, form: str | None, tls: Tls | None, around: Around
    ) -> Asked:
        """`known` are the names in its texts, None where they are no templates; `form` is the format of the reply.

        Raises ValueError for what can't be sent.
        """
        accept = _ACCEPT.get(form or "", "application/json")
        written = {name: getattr(request, name) for name in TEXTS}
        ready, parts = None, {}
        if known is not None:
            parts = {name: templates(tree, known) for name, tree in written.items()}
        elif carries(written):
            parts = {name: carrying(tree) for name, tree in written.items()}
        else:
            ready = replace(build(request, accept), tls=tls, consent=around.consent)
        signing = None if request.sign is None else request.sign.signing()
        return cls(request, ready, parts, signing, tls, around.consent, accept, around.hosts)

    def at(self, wall: float, known: Known) -> IssuerRequest:
        """As it is sent at Unix time `wall`. Raises IssuerError for a value that can't stand where it should."""
        request = self.ready
        if request is None:
            try:
                request = replace(build(self._filled(known), self.accept), tls=self.tls, consent=self.consent)
            except ValueError as error:
                raise IssuerError(FailureClass.PASSING, str(error)) from None
        return request if self.signing is None else signed(request, self.signing, wall)

    def _filled(self, known: Known) -> TokenRequest:
        def text(name: str) -> str:
            return _text(name, known)

        made = {name: filled(tree, known.__getitem__, text) for name, tree in self.parts.items() if name != "url"}
        made["headers"] = {name: value.render(text) for name, value in self.parts["headers"].items()}
        made["body"] = None if self.parts["body"] is None else self.parts["body"].render(text)
        made["url"] = self._url(known)
        return self.written.model_copy(update=made)

    def _url(self, known: Known) -> str:
        """A host that an earlier reply named is one of the provider's. Raises ValueError."""
        url: Template = self.parts["url"]
        if not names_host(url):
            return url.render(lambda name: _of_url(name, known))
        before, name, *behind = url.parts
        host = named_upstream(known[name], self.hosts)
        return before + host + Template(tuple(behind)).render(lambda name: _of_url(name, known))


def names_host(url: Template) -> bool:
    """Whether an earlier reply says where this goes."""
    return url.literals[0] == "https://" and len(url.parts) > 1


def _text(name: str, known: Known) -> str:
    text = as_text(known[name])
    if text is None:
        raise ValueError(f"`{name}` of an earlier reply is no text")
    return text


def _of_url(name: str, known: Known) -> str:
    """One segment of the path, or one value of the query."""
    text = _text(name, known)
    if text in ("", ".", ".."):
        raise ValueError(f"`{name}` of an earlier reply can't stand in a URL")
    return quote(text, safe="")


def build(request: TokenRequest, accept: str = "application/json") -> IssuerRequest:
    kind, body = _body(request)
    defaults = {"Accept": accept} | ({"Content-Type": kind} if kind else {})
    given = {name.lower() for name in request.headers}
    headers = {name: value for name, value in defaults.items() if name.lower() not in given} | request.headers
    return IssuerRequest(
        request.method, with_query(request.url, request.query), tuple(map(_checked, headers.items())), body
    )


def _body(request: TokenRequest) -> tuple[str | None, bytes | None]:
    if request.json_ is not None:
        return "application/json", json.dumps(request.json_, ensure_ascii=False, default=str).encode()
    if request.form is not None:
        return "application/x-www-form-urlencoded", encode_form(text_pairs(request.form))
    return None, None if request.body is None else request.body.encode()


def _checked(header: tuple[str, str]) -> tuple[str, str]:
    if not TOKEN.fullmatch(header[0]):
        raise ValueError(f"request.headers: {header[0]!r} is no header name")
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", header[1]):
        raise ValueError(f"request.headers.{header[0]}: holds characters that no header can carry")
    return header
