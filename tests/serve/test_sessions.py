"""Session keys: whose one is, how long it holds, what it opens and what it never does."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from proxy.config.model.client import SESSION_KEYS
from proxy.errors import Fault
from proxy.plan.admission.clients import ClientPlan, Clients
from proxy.plan.admission.key_places import KeyPlaces, KeySlots
from proxy.plan.admission.placeholders import Placeholders
from proxy.serve.keys import Keys, Unproven
from proxy.serve.sessions import Session, Sessions, refuse_session_key
from tests.conftest import Stage

KEY = f"{SESSION_KEYS}made-up"
CLIENT = "a-made-up-client-key"
CLIENTS: list[dict[str, Any]] = [{"name": "app", "key": CLIENT, "read_tokens": True}]


def session(key: str = KEY, until: float | None = None, routes: tuple[str, ...] = ("/oauth2",)) -> Session:
    return Session("exec app", hashlib.sha256(key.encode()).hexdigest(), routes, 1.0, until)


def bearer(key: str) -> dict[bytes, bytes]:
    return {b"authorization": b"Bearer " + key.encode()}


def asks(sessions: Sessions, headers: dict[bytes, bytes], wall: float) -> ClientPlan | Unproven:
    """Where the config has no clients."""
    keys = Keys(Clients([]), sessions, Placeholders([b"secret"]))
    found = keys.prove(KeyPlaces(headers, KeySlots(), []), wall)
    return found if isinstance(found, Unproven) else found.client


def test_it_is_whoever_presents_it_while_it_holds() -> None:
    sessions = Sessions([session(until=10.0)])
    for headers in (bearer(KEY), {b"x-api-key": KEY.encode()}):
        plan = asks(sessions, headers, 9.9)
        assert isinstance(plan, ClientPlan)
        assert (plan.name, plan.routes, plan.read_tokens) == ("exec app", {"/oauth2"}, frozenset())
    over = asks(sessions, bearer(KEY), 10.0)
    assert isinstance(over, Unproven)
    assert "has ended" in over.fault().detail
    assert sessions.expire(10.0)
    assert not list(sessions)


@pytest.mark.parametrize("headers", [{}, bearer("keyless"), bearer("kls_of-a-client"), {b"x-api-key": b"x"}])
def test_other_keys_are_for_others_to_judge(headers: dict[bytes, bytes]) -> None:
    found = asks(Sessions([session()]), headers, 0.0)
    assert isinstance(found, Unproven)
    assert not found.over


def test_one_that_was_dropped_or_never_lent_is_refused() -> None:
    sessions = Sessions([session()])
    sessions.drop(session().digest)
    sessions.drop(session().digest)
    for key in (KEY, f"{SESSION_KEYS}another"):
        found = asks(sessions, bearer(key), 0.0)
        assert isinstance(found, Unproven)
        assert found.over
        assert found.fault().code == "client_key_required"


def test_replaced_they_are_these_and_no_others() -> None:
    sessions = Sessions()
    assert not sessions.used
    sessions.replace([session(), session("kls_session_b", 5.0)])
    sessions.replace([session("kls_session_b", 5.0)])
    assert [each.until for each in sessions] == [5.0]
    sessions.replace([])
    assert sessions.used  # who was lent one is still told that it is over


def test_it_goes_between_processes_as_json() -> None:
    assert Session.read(session(until=3.0).document()) == session(until=3.0)
    assert "made-up" not in repr(session())
    assert session().digest not in repr(session())


def test_the_proxys_own_pages_refuse_them() -> None:
    refuse_session_key(bearer(CLIENT))
    with pytest.raises(Fault) as raised:
        refuse_session_key(bearer(KEY))
    assert raised.value.code == "route_refused"


@pytest.mark.parametrize("clients", [[], CLIENTS])
async def test_requests_with_one_reach_its_routes_alone(stage: Stage, clients: list[dict[str, Any]]) -> None:
    service = await stage.open(clients=clients)
    service.sessions.add(session())
    headers = {"Authorization": f"Bearer {KEY}"}
    good = await stage.call("/oauth2/echo", headers=headers)
    assert good.status == 200
    assert KEY.encode() not in good.body
    refused = await stage.call("/aiob/echo", headers=headers)
    assert (refused.status, refused.code) == (403, "route_refused")
    for page in ("/-/status", "/-/token/oauth2"):
        assert (await stage.call(page, headers=headers)).status == 403
    assert (await stage.call("/-/healthz", headers=headers)).status == 200
    service.sessions.drop(session().digest)
    assert (await stage.call("/oauth2/echo", headers=headers)).status == 401


async def test_lending_does_not_switch_clients_on(stage: Stage) -> None:
    service = await stage.open()
    service.sessions.add(session())
    assert (await stage.call("/oauth2/echo")).status == 200
    assert (await stage.call("/aiob/echo", headers={"X-Api-Key": "whatever"})).status == 200


async def test_clients_keep_their_keys(stage: Stage) -> None:
    service = await stage.open(clients=CLIENTS)
    service.sessions.add(session())
    assert (await stage.call("/aiob/echo", headers={"X-Api-Key": CLIENT})).status == 200
    assert (await stage.call("/aiob/echo")).status == 401


async def test_they_stand_in_the_status_and_outlive_a_reload(stage: Stage) -> None:
    service = await stage.open()
    assert "sessions" not in (await service.view.status()).document()
    service.sessions.add(session())
    await service.replace(service.loaded.with_config(routes=service.loaded.config.routes), {})
    listed = (await service.view.status()).document()["sessions"]
    assert listed == ({"name": "exec app", "routes": ("/oauth2",), "since": 1.0, "until": None},)
    headers = {"Authorization": f"Bearer {KEY}"}
    assert (await stage.call("/oauth2/echo", headers=headers)).status == 200
