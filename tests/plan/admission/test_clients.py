"""Who asks, and what a client may do."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.model import Client
from proxy.errors import Fault
from proxy.plan.admission.clients import Clients, presented_key
from proxy.values import moments

A, B, C = "a" * 16, "b" * 16, "c" * 16
NOON = moments.end("2027-01-31T12:00:00Z")


def client(**written: Any) -> Client:
    return Client.model_validate({"name": "one", "key": A, **written})


def clients(*written: dict[str, Any]) -> Clients:
    return Clients([Client.model_validate(each) for each in written])


def refusal(known: Clients, key: str, wall: float = NOON) -> Fault:
    with pytest.raises(Fault) as refused:
        known.identify({b"x-api-key": key.encode()}, wall)
    assert refused.value.code == "client_key_required"
    assert dict(refused.value.headers)["WWW-Authenticate"].startswith("Bearer")
    return refused.value


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({}, None),
        ({"Authorization": "Bearer k"}, "k"),
        ({"Authorization": "bEARER  k "}, "k"),
        ({"Authorization": "Bearer "}, None),
        ({"Authorization": "Basic k"}, None),
        ({"Authorization": "Basic k", "X-Api-Key": "x"}, "x"),
        ({"Authorization": "Bearer k", "X-Api-Key": "x"}, "k"),
        ({"Api-Key": "x"}, "x"),
        ({"X-Api-Key": "", "Api-Key": "x"}, ""),
        ({"X-Goog-Api-Key": "x"}, "x"),
    ],
)
def test_where_a_key_may_stand(headers: dict[str, str], key: str | None) -> None:
    known = {name.lower().encode(): value.encode() for name, value in headers.items()}
    assert presented_key(known) == (None if key is None else key.encode())


# ---------------------------------------------------------------------------------------------- who


def test_a_key_is_kept_as_its_digest() -> None:
    digest = hashlib.sha256(b"b" * 16).hexdigest()
    for written in (B, f"sha256:{digest}", f"sha256:{digest.upper()}"):
        known = clients({"name": "a", "key": A}, {"name": "b", "key": written})
        assert known.identify({b"x-api-key": B.encode()}, NOON).name == "b"
        assert B not in repr(known._keys)
    assert bool(known)
    assert not Clients([])


def test_a_client_may_have_several_keys_at_once() -> None:
    known = clients({"name": "one", "key": [A, {"key": B}]}, {"name": "two", "key": {"key": C}})
    assert [known.identify({b"x-api-key": key.encode()}, NOON).name for key in (A, B, C)] == ["one", "one", "two"]
    assert known.identify({b"x-api-key": A.encode()}, NOON) is known.identify({b"x-api-key": B.encode()}, NOON)


@given(st.text(max_size=30).filter(lambda key: key != A))
def test_another_key_is_refused(key: str) -> None:
    assert "not known" in refusal(clients({"name": "a", "key": A}), key).detail


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
    assert known.identify({b"x-api-key": A.encode()}, moments.begin(good)).name == "one"
    assert "client one" in refusal(known, A, moments.begin(bad)).detail


def test_only_who_holds_the_key_hears_that_it_has_expired() -> None:
    known = clients({"name": "one", "key": [{"key": A, "expires": "2026-12-31"}, B]})
    assert refusal(known, A).detail == "this key of client one has expired (2026-12-31)"
    assert refusal(known, A[:-1]).detail == refusal(known, C).detail == "the client key is not known"
    assert known.identify({b"x-api-key": B.encode()}, NOON).name == "one", "the next key goes on"


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
    plan = Clients([client(**rules)]).identify({b"x-api-key": A.encode()}, NOON)
    request = {"prefix": "/crm", "rest": b"/v1/a", "method": "GET", "origin": None} | asks
    if code is None:
        plan.check(**request)
        return
    with pytest.raises(Fault) as refused:
        plan.check(**request)
    assert refused.value.code == code


def test_rates_are_limits_shortest_first() -> None:
    plan = Clients([client(rate=["10000/day", "600/min"])]).identify({b"x-api-key": A.encode()}, NOON)
    assert [limit.name for limit in plan.limits] == ["client 600/min", "client 10000/day"]
    assert Clients([client(rate="1/s")]).limited
    assert not Clients([client()]).limited
