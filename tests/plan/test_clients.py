"""Client keys."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.model import Client
from proxy.errors import Fault
from proxy.plan.clients import Clients, key_digest, presented_key


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
        ({"X-Goog-Api-Key": "x"}, "x"),
    ],
)
def test_where_a_key_may_stand(headers: dict[str, str], key: str | None) -> None:
    assert presented_key(headers) == key


def test_a_key_is_kept_as_its_digest() -> None:
    digest = hashlib.sha256(b"key").hexdigest()
    assert key_digest("key") == key_digest(f"sha256:{digest}") == key_digest(f"sha256:{digest.upper()}")
    clients = Clients([Client(name="a", key="a" * 16), Client(name="b", key="b" * 16)])
    assert clients.identify({"X-Api-Key": "b" * 16}).name == "b"
    assert "a" * 16 not in repr(clients.identify({"X-Api-Key": "a" * 16}))
    assert bool(clients)
    assert not Clients([])


@given(st.text(max_size=30).filter(lambda key: key != "a" * 16))
def test_another_key_is_refused(key: str) -> None:
    with pytest.raises(Fault) as refused:
        Clients([Client(name="a", key="a" * 16)]).identify({"X-Api-Key": key})
    assert refused.value.code == "client_key_required"
    assert dict(refused.value.headers)["WWW-Authenticate"].startswith("Bearer")
