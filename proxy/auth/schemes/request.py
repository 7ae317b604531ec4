"""What requests to issuers are made of: URLs with parameters, pairs of text, and what may not be told of a request.

Must not know: which scheme asks, or how a request is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from proxy.auth.paths import as_text
from proxy.auth.placing.draft import Draft
from proxy.auth.placing.inject import encode_query
from proxy.auth.placing.signing import Signing
from proxy.auth.token import IssuerRequest, Token
from proxy.http.origin import Origin
from proxy.values.now import Now


class Asking(NamedTuple):
    """A request to the issuer, and what may not be told of it: vendors echo what they were sent."""

    request: IssuerRequest
    hidden: frozenset[str]

    def __repr__(self) -> str:
        return f"Asking({self.request!r})"


def with_query(url: str, query: Mapping[str, Any]) -> str:
    """The URL with these parameters behind those that it has; a fragment is never sent."""
    url = url.partition("#")[0]
    added = encode_query(text_pairs(query)).decode("ascii")
    if not added:
        return url
    return url + ("?" if "?" not in url else "" if url.endswith(("?", "&")) else "&") + added


def signed(request: IssuerRequest, signing: Signing, wall: float) -> IssuerRequest:
    """The same with a signature in it, made at Unix time `wall`."""
    url, now = urlsplit(request.url), Now(0.0, wall)
    tls = url.scheme == "https"
    origin = Origin(tls, url.hostname or "", url.port or (443 if tls else 80))
    lines = [f"{name}: {value}\r\n".encode("latin-1") for name, value in request.headers]
    draft = Draft(request.method, origin, url.path.encode() or b"/", b"", lines)
    draft.query, draft.body, draft.clock = url.query.encode(), request.body, lambda: now
    signing.place(draft, Token.eternal("", now))
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in draft.fields)
    return replace(request, url=origin.url + draft.target.decode("latin-1"), headers=headers)


def text_pairs(scalars: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, as_text(value) or "") for name, value in scalars.items()]
