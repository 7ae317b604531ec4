"""Which page a path leads to, how answers of each kind go out, and who may see a page that is added."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from proxy.admin.endpoints import Admin
from proxy.admin.page import READ, Answer, Asked, Who, names_in
from proxy.admin.pages import PAGES
from proxy.config import model
from proxy.plan.admission.guard import Guard
from tests.conftest import Stage
from tests.raw import Message


@pytest.mark.parametrize(
    ("path", "pattern", "names"),
    [
        ("status", "status", []),
        ("status", "statu", None),
        ("status/", "status", None),
        ("token/a", "token/*", ["a"]),
        ("token/", "token/*", [""]),
        ("token", "token/*", None),
        ("token/a/b", "token/*", None),
        ("providers/a/expire", "providers/*/*", ["a", "expire"]),
        ("readyz", "readyz/...", []),
        ("readyz/a", "readyz/...", ["a"]),
        ("readyz/a/b", "readyz/...", ["a", "b"]),
        ("ready", "readyz/...", None),
        ("", "status", None),
        ("*", "status", None),
    ],
)
def test_what_the_stars_stand_for(path: str, pattern: str, names: list[str] | None) -> None:
    assert names_in(path.split("/"), pattern) == names


def test_the_table_has_a_way_to_each_page_of_its_own() -> None:
    for page in PAGES:
        path = page.PATH.replace("...", "name").replace("*", "name").split("/")
        several = [other for other in PAGES if other.METHODS & page.METHODS]
        assert [other for other in several if names_in(path, other.PATH) is not None] == [page]


def page(answer: Answer, who: Who = Who.ANYONE) -> Any:
    async def answering(_asked: Asked, _view: object) -> Answer:
        return answer

    return SimpleNamespace(PATH="toy", METHODS=READ, WHO=who, answer=answering)


async def asked(stage: Stage, toy: Any, *headers: str, key: str | None = None) -> Message:
    """A proxy with this one page."""
    service = await stage.open()
    admin = Admin(model.Admin(key=key), service._serving.view, (toy,))
    guard = Guard(hosts=None, origins=None)
    stage.server.handler = lambda request: admin.handle(request, guard)
    return await stage.ask("GET /-/toy HTTP/1.1", *headers)


@pytest.mark.parametrize(
    ("answer", "kind", "body"),
    [
        (Answer.json({"a": "é"}), "application/json", b'{"a": "\xc3\xa9"}\n'),
        (Answer.html("<p>é"), "text/html; charset=utf-8", b"<p>\xc3\xa9"),
    ],
)
async def test_an_answer_is_json_or_html(stage: Stage, answer: Answer, kind: str, body: bytes) -> None:
    reply = await asked(stage, page(answer))
    headers = dict(reply.headers)
    assert (reply.status, headers["Content-Type"], reply.body) == (200, kind, body)
    assert headers["Cache-Control"] == "no-store"


async def test_a_page_for_people_may_load_nothing_foreign_and_stand_in_no_frame(stage: Stage) -> None:
    reply = await asked(stage, page(Answer.html("<p>")))
    ((_, policy),) = [pair for pair in reply.headers if pair[0] == "Content-Security-Policy"]
    assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(
        policy.split("; ")
    )
    assert "unsafe" not in policy
    assert dict(reply.headers)["X-Content-Type-Options"] == "nosniff"


async def test_a_page_for_operators_needs_the_key(stage: Stage) -> None:
    toy = page(Answer.html("secret"), Who.OPERATOR)
    assert (await asked(stage, toy, key="an-admin-key-0123")).code == "client_key_required"


async def test_a_page_that_breaks_is_an_error_and_no_more(stage: Stage) -> None:
    async def answering(_asked: Asked, _view: object) -> Answer:
        raise LookupError("a secret")

    reply = await asked(stage, SimpleNamespace(PATH="toy", METHODS=READ, WHO=Who.ANYONE, answer=answering))
    assert reply.status >= 500
    assert b"a secret" not in reply.body
