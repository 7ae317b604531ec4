"""Replies of the proxy's own: errors, and whatever else is known whole.

Owns: how one is framed. Must not know: routes, or why it is said.
"""

from __future__ import annotations

from contextlib import suppress

from proxy.errors import Fault
from proxy.http.error_shape import ErrorShape
from proxy.http.fields import NO_BODY
from proxy.http.request_id import HEADER
from proxy.plan import cors
from proxy.wire.inbound.problem import dated, encoded, kind_of_problem, problem, status_line
from proxy.wire.inbound.request import Request


def fault(request: Request, error: Fault, cors_origin: str | None, shape: ErrorShape | None = None) -> None:
    """An error of our own, as problem+json, or in the shape that an API's SDKs read.

    The origin is the browser page's, if it may read the answer. Where an answer has begun, its end is broken: anything
    else would be taken for a part of it.
    """
    if request.connection.answered:
        request.connection.reset()
        return
    headers, body = problem(error if request.is_local else _from_outside(error), shape, request.id)
    kind = kind_of_problem(_accepted(request), shape)
    reply(request, error.status, headers, kind, body, cors_origin)


def _from_outside(error: Fault) -> Fault:
    """Clients of other machines read neither variables nor hosts of this one."""
    if error.outside == error.detail:
        return error
    return Fault(
        error.code,
        error.outside,
        provider=error.provider,
        retry_after=error.retry_after,
        headers=error.headers,
        hint=error.hint,
    )


def _accepted(request: Request) -> bytes | None:
    """All its lines as one (RFC 9110 §5.2)."""
    values = [value for name, value in request.fields if name.lower() == b"accept"]
    return b",".join(values) if values else None


def reply(
    request: Request,
    status: int,
    headers: list[tuple[str, str]],
    content_type: str | None = None,
    body: bytes = b"",
    cors_origin: str | None = None,
) -> None:
    """A whole reply of the proxy's own. A body that may still come, or never, makes the next request a guess."""
    if not (request.modern and request.complete):
        request.last()
    if content_type is not None:
        headers = [("Content-Type", content_type), ("Cache-Control", "no-store"), *headers]
    headers += [dated(), (HEADER, request.id)]
    if status not in NO_BODY:
        headers.append(("Content-Length", str(len(body))))
    if cors_origin is not None:
        headers += cors.exposed(cors_origin)
    if not request.keep_alive:
        headers.append(("Connection", "close"))
    sent = b"" if request.method == "HEAD" else body
    with suppress(ConnectionResetError):  # there is no one to tell
        request.connection.answer(status_line(status, b"") + encoded(headers) + b"\r\n" + sent)
