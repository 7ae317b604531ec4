"""A login's request, as the bytes that are sent.

Must not know: what its reply means, or how it is sent.
"""

from __future__ import annotations

import json
import re

from proxy.auth.placing.inject import encode_form
from proxy.auth.schemes.login.keys import TokenRequest
from proxy.auth.schemes.request import text_pairs, with_query
from proxy.auth.token import IssuerRequest
from proxy.http.grammar import TOKEN


def build(request: TokenRequest) -> IssuerRequest:
    kind, body = _body(request)
    defaults = {"Accept": "application/json"} | ({"Content-Type": kind} if kind else {})
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
