"""Which requests go on, and what is answered here; as functions of values."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.errors import Fault
from proxy.http.fields import Fields
from proxy.plan.router import Router
from proxy.serve.admit import admit
from proxy.serve.lane import NOWHERE, Lane, find
from tests.serve.requests import exchange, route

HOST = (b"Host", b"127.0.0.1")
PAGE = "http://localhost:3000"


@pytest.mark.parametrize(
    ("target", "code", "path"),
    [(b"/nowhere?key=x", "no_route", b"/nowhere"), (b"/api/../x", "path_refused", b""), (b"api", "path_refused", b"")],
)
def test_what_no_route_takes_leads_nowhere_and_says_why(target: bytes, code: str, path: bytes) -> None:
    way, lost = find(Router({"/api": Lane(route(), None)}), target)
    assert lost is not None
    assert (way.route, way.path, lost.code) == (NOWHERE, path, code)
    with pytest.raises(Fault) as refused:
        admit(exchange(NOWHERE.plan, lost=lost))
    assert refused.value is lost


@pytest.mark.parametrize(
    ("written", "method", "fields", "code"),
    [
        ({}, "TRACE", [], "method_refused"),
        ({"methods": ["GET"]}, "POST", [], "method_refused"),
        ({"paths": ["/y/**"]}, "GET", [], "path_refused"),
        ({}, "POST", [(b"Transfer-Encoding", b"gzip, chunked")], "bad_request"),
    ],
)
def test_what_a_route_refuses(written: dict[str, Any], method: str, fields: Fields, code: str) -> None:
    with pytest.raises(Fault) as refused:
        admit(exchange(route(**written), method, [HOST, *fields]))
    assert refused.value.code == code


def test_a_body_whose_end_others_may_have_seen_elsewhere_is_the_last_on_its_connection() -> None:
    made = exchange(route(), "POST", [HOST, (b"Transfer-Encoding", b"gzip, chunked")])
    with pytest.raises(Fault):
        admit(made)
    assert not made.request.keep_alive


def test_what_may_go_on_gets_no_answer_here() -> None:
    assert admit(exchange(route(), "POST", [HOST, (b"Transfer-Encoding", b" Chunked ")])) is None


def test_a_preflight_is_answered_before_it_is_said_that_nothing_is_there() -> None:
    asks = [HOST, (b"Origin", PAGE.encode()), (b"Access-Control-Request-Method", b"POST")]
    for plan, methods in (
        (route(methods=["GET"]), "GET, HEAD"),
        (NOWHERE.plan, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
    ):
        lost = Fault("no_route", "") if plan is NOWHERE.plan else None
        answer = admit(exchange(plan, "OPTIONS", asks, preflight=True, cors_origin=PAGE, lost=lost))
        assert answer is not None
        assert answer.status == 204
        assert dict(answer.headers)["Access-Control-Allow-Methods"] == methods


def test_the_endpoint_that_is_played_is_answered_here() -> None:
    played = {"stand_in": {"path": "/x", "reply": {"access_token": "{placeholder}"}}}
    provider = {
        "scheme": "oauth2",
        "token_url": "https://login.test/t",
        "client_id": "i",
        "client_secret": "made-up-secret",
    }
    answer = admit(exchange(route(provider=provider | played, stand_in=True)))
    assert answer is not None
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert b"keyless-placeholder" in answer.body
