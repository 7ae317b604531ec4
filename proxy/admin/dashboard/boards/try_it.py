"""Try it: a request as a client would send it; what is injected, starred, and what came back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from proxy.admin.dashboard import rendering
from proxy.admin.dashboard.board import Board, Context, surroundings
from proxy.admin.dashboard.boards.states import advice
from proxy.admin.page import Answer, Asked, Who
from proxy.admin.told.explained import explained
from proxy.admin.view import View
from proxy.errors import Fault
from proxy.http.grammar import field_problem

if TYPE_CHECKING:
    from proxy.admin.dashboard.boards.trial import Came

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
MOST_ROUTES = 200


async def context(asked: Asked, view: View) -> Context:
    query = asked.query
    return _form(view, query.get("method", "GET"), query.get("path", ""), "", "")


def _form(view: View, method: str, path: str, headers: str, body: str) -> dict[str, Any]:
    return {
        "method": method if method in METHODS else "GET",
        "methods": METHODS,
        "path": path,
        "headers": headers,
        "body": body,
        "clients": bool(view.loaded.config.clients),
        "routes": list(view.plan.routes)[:MOST_ROUTES],
        "result": None,
    }


TRY = Board("try", "Try it", "try.html", context, every=None)


class Send:
    """The button."""

    PATH = "try"
    METHODS = frozenset(("POST",))
    WHO = Who.OPERATOR

    async def answer(self, asked: Asked, view: View) -> Answer:
        form = asked.form
        method, path = form.get("method", "GET"), form.get("path", "").strip()
        headers, body = form.get("headers", ""), form.get("body", "")
        shown = _form(view, method, path, headers, body) | {"result": await _result(form, view)}
        around = surroundings(asked.request, view) | {"title": TRY.title, "here": TRY.PATH, "stream": None}
        return Answer.html(await rendering.page(TRY.template, around | shown))


async def _result(form: Mapping[str, str], view: View) -> dict[str, Any]:
    from proxy.admin.dashboard.boards.trial import Trial, send  # noqa: PLC0415 -- a client that most never need

    method, path = form.get("method", "GET"), form.get("path", "").strip()
    try:
        written = _headers(form.get("headers", ""))
        trial = Trial(
            method if method in METHODS else "GET", path, written, form.get("body", ""), form.get("key", "").strip()
        )
        came = await send(trial, view)
    except Fault as fault:
        return {"told": None, "came": None, "fault": fault.problem(), "notes": []}
    told = await _told(view, method, path)
    return {"told": told, "came": came, "fault": None, "notes": _notes(came, told, view)}


async def _told(view: View, method: str, path: str) -> dict[str, Any] | None:
    """In a thread: of many routes it takes a while. None where the proxy answers by itself."""
    try:
        return await asyncio.to_thread(explained, view.loaded, view.plan, method, path)
    except Fault:
        return None


def _headers(text: str) -> Sequence[tuple[str, str]]:
    """A line each. Raises Fault."""
    pairs = []
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, value = line.partition(":")
        problem = "expected `Name: value`" if not colon else field_problem(name.strip(), value.strip())
        if problem:
            raise Fault("bad_request", f"the header {name.strip()[:40]!r}: {problem}")
        pairs.append((name.strip(), value.strip()))
    return pairs


def _notes(came: Came, told: Mapping[str, Any] | None, view: View) -> list[str]:
    """What was special about it, in sentences."""
    notes = []
    if came.header("x-keyless-attempts") is not None and came.problem is None:
        notes.append("The API refused the token; a newer one was fetched and the request sent once more.")
    skipped = came.header("x-keyless-replay")
    if skipped is not None:
        notes.append(f"The API refused the credential, and the request was not sent again ({skipped}).")
    if came.problem is None and came.status in (401, 403):
        notes.append("This answer is the API's own, not the proxy's.")
        notes += _advice(told, view)
    return notes


def _advice(told: Mapping[str, Any] | None, view: View) -> list[str]:
    name = "" if told is None else told["provider"]["name"]
    if name not in view.plan.providers:
        return []
    report = view.provider(name)
    return [text for text in (report.last_error, advice(name, report)) if text]
