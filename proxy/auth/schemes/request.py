"""What requests to issuers are made of: URLs with parameters, pairs of text, and what may not be told of a request.

Must not know: which scheme asks, or how a request is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from proxy.auth.paths import as_text
from proxy.auth.placing.inject import encode_query
from proxy.auth.token import IssuerRequest


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


def text_pairs(scalars: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, as_text(value) or "") for name, value in scalars.items()]
