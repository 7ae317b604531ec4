"""Who asks, and what a client may do."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.model import Client
from proxy.errors import Fault
from proxy.plan.admission.clients import ClientPlan, Clients
from proxy.plan.admission.key_places import KeyPlaces, KeySlots
from proxy.plan.admission.placeholders import Placeholders
from proxy.serve.keys import Keys, Unproven
from proxy.serve.sessions import Sessions
from proxy.values import moments

A, B, C = "a" * 16, "b" * 16, "c" * 16
NOON = moments.end("2027-01-31T12:00:00Z")


def client(**written: Any) -> Client:
    return Client.model_validate({"name": "one", "key": A, **written})


def clients(*written: dict[str, Any]) -> Clients:
    return Clients([Client.model_validate(each) for each in written])


def who(known: Clients, key: str, wall: float = NOON) -> ClientPlan:
    """Who it is whose key stands in a header. Raises Fault."""
    keys = Keys(known, Sessions(), Placeholders([b"secret"]))
    found = keys.prove(KeyPlaces({b"x-api-key": key.encode()}, KeySlots(), []), wall)
    if isinstance(found, Unproven):
        raise found.fault()
    return found.client


def refusal(known: Clients, key: str, wall: float = NOON) -> Fault:
    with pytest.raises(Fault) as refused:
        who(known, key, wall)
    assert refused.value.code == "client_key_required"
    assert dict(refused.value.headers)["WWW-Authenticate"].startswith("Bearer")
    return refused.value


# ---------------------------------------------------------------------------------------------- who


def test_a_key_is_kept_as_its_digest() -> None:
    digest = hashlib.sha256(b"b" * 16).hexdigest()
    for written in (B, f"sha256:{digest}", f"sha256:{digest.upper()}"):
        known = clients({"name": "a", "key": A}, {"name": "b", "key": written})
        assert who(known, B, NOON).name == "b"
        assert B not in repr(known._keys)
    assert bool(known)
    assert not Clients([])


def test_a_client_may_have_several_keys_at_once() -> None:
    known = clients({"name": "one", "key": [A, {"key": B}]}, {"name": "two", "key": {"key": C}})
    assert [who(known, key, NOON).name for key in (A, B, C)] == ["one", "one", "two"]
    assert who(known, A, NOON) is who(known, B, NOON)


@given(st.text(max_size=30).filter(lambda key: A not in key))
def test_another_key_is_refused(key: str) -> None:
    assert "client key" in refusal(clients({"name": "a", "key": A}), key).detail


@pytest.mark.parametrize(
    ("bounds", "good", "bad"),
    [
        ({"expires": "2027-01-31"}, "2027-01-31T23:59:59Z", "2027-02-01T00:00:00Z"),
        ({"expires": "2027-01-31T12:00:00Z"}, "2027-01-31T11:59:59Z", "2027-01-31T12:00:00Z"),
        ({"expires": "2027-01-31T12:00:00+08:00"}, "2027-01-31T03:59:59Z", "2027-01-31T04:00:00Z"),
        ({"not_before": "2027-01-31"}, "2027-01-31T00:00:00Z", "2027-01-30T23:59:59Z"),
        ({"not_before": "2027-01-31T12:00:00Z"}, "2027-01-31T12:00:00Z", "2027-01-31T11:59:59Z"),
    ],
)
def test_a_key_is_good_from_its_first_moment_to_its_last(bounds: dict[str, str], good: str, bad: str) -> None:
    known = clients({"name": "one", "key": {"key": A, **bounds}})
    assert who(known, A, moments.begin(good)).name == "one"
    assert "client one" in refusal(known, A, moments.begin(bad)).detail


def test_only_who_holds_the_key_hears_that_it_has_expired() -> None:
    known = clients({"name": "one", "key": [{"key": A, "expires": "2026-12-31"}, B]})
    assert refusal(known, A).detail == "this key of client one has expired (2026-12-31)"
    assert refusal(known, A[:-1]).detail == refusal(known, C).detail == "the client key is not known"
    assert who(known, B, NOON).name == "one", "the next key goes on"


def test_unknown_keys_leave_nothing_behind() -> None:
    known = clients({"name": "one", "key": A})
    for number in range(100):
        refusal(known, f"guess-{number}")
    assert len(known._keys) == 1


# ---------------------------------------------------------------------------------------------- what


@pytest.mark.parametrize(
    ("rules", "asks", "code"),
    [
        ({}, {}, None),
        ({"routes": ["/crm"]}, {}, None),
        ({"routes": ["/crm"]}, {"prefix": "/mail"}, "route_refused"),
        ({"routes": []}, {}, "route_refused"),
        ({"methods": ["get"]}, {}, None),
        ({"methods": ["GET"]}, {"method": "POST"}, "route_refused"),
        ({"methods": ["POST", "get"]}, {"method": "HEAD"}, None),
        ({"methods": ["HEAD"]}, {"method": "HEAD"}, None),
        ({"methods": ["HEAD"]}, {}, "route_refused"),
        ({"methods": ["POST"]}, {"method": "HEAD"}, "route_refused"),
        ({"methods": []}, {"method": "HEAD"}, "route_refused"),
        ({"paths": "/v1/*"}, {}, None),
        ({"paths": ["/v2/**", "/v1/**"]}, {"rest": b"/v1/a/b"}, None),
        ({"paths": "/v1/*"}, {"rest": b"/v1/a/b"}, "route_refused"),
        ({"paths": "/v1/*"}, {"rest": b"/v1/a\n"}, None),
        ({"paths": "/v1/a"}, {"rest": b"/v1/%61"}, "route_refused"),
        ({"paths": "/v1/a"}, {"rest": b""}, "route_refused"),
        ({"paths": []}, {}, "route_refused"),
        ({"origins": ["https://app.test"]}, {}, None),
        ({"origins": ["https://app.test"]}, {"origin": "https://APP.test"}, None),
        ({"origins": ["https://app.test"]}, {"origin": "https://app.test.evil"}, "origin_refused"),
        ({}, {"origin": "https://app.test"}, None),
    ],
)
def test_what_a_client_may_do(rules: dict[str, Any], asks: dict[str, Any], code: str | None) -> None:
    plan = who(Clients([client(**rules)]), A)
    request = {"prefix": "/crm", "rest": b"/v1/a", "method": "GET", "origin": None} | asks
    if code is None:
        plan.check(**request)
        return
    with pytest.raises(Fault) as refused:
        plan.check(**request)
    assert refused.value.code == code


def test_rates_are_limits_shortest_first() -> None:
    plan = who(Clients([client(rate=["10000/day", "600/min"])]), A)
    assert [limit.name for limit in plan.limits] == ["client 600/min", "client 10000/day"]
    assert Clients([client(rate="1/s")]).limited
    assert not Clients([client()]).limited
