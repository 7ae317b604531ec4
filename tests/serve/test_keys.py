"""Whose keys a request holds, of those it shows."""

from __future__ import annotations

import hashlib
from base64 import b64encode

import pytest

from proxy.config.model import Client
from proxy.errors import Fault
from proxy.plan.admission.clients import Clients
from proxy.plan.admission.key_places import KeyPlaces, KeySlots
from proxy.plan.admission.placeholders import Placeholders
from proxy.serve.keys import Keys, Proven, Unproven
from proxy.serve.sessions import Session, Sessions

A, SECOND, B, OLD = "key-of-one-0123456", "second-of-one-0123", "key-of-two-0123456", "old-of-one-0123456"
LENT = "kls_session_of-a-command"
WALL = 1_700_000_000.0
PREFIX = KeySlots(prefix="/api")


def keys(*sessions: Session, secret: bytes = b"secret") -> Keys:
    written = [
        {"name": "one", "key": [A, SECOND, {"key": OLD, "expires": "2020-01-31"}]},
        {"name": "two", "key": B},
    ]
    clients = Clients([Client.model_validate(each) for each in written])
    return Keys(clients, Sessions(sessions), Placeholders([secret]))


def lent(until: float | None = None) -> Session:
    return Session("exec app", hashlib.sha256(LENT.encode()).hexdigest(), ("/api",), 1.0, until)


def shown(*headers: tuple[str, str], slots: KeySlots = PREFIX) -> KeyPlaces:
    known = {name.lower().encode(): value.encode() for name, value in headers}
    return KeyPlaces(known, slots, list(known.items()))


def proven(found: Proven | Unproven) -> tuple[str, tuple[bytes, ...]]:
    assert isinstance(found, Proven), found
    return found.client.name, found.texts


STALE = [
    ("Authorization", "Bearer stale"),
    ("Authorization", f"Bearer {OLD}"),
    ("Authorization", f"Bearer {LENT}"),
    ("Authorization", "Bearer kls_stand_AAAA"),
    ("Authorization", "Basic " + b64encode(b"user:stale").decode()),
]


@pytest.mark.parametrize("stale", STALE)
def test_a_stale_key_beside_a_good_one_does_not_hide_it(stale: tuple[str, str]) -> None:
    assert proven(keys().prove(shown(stale, ("X-Api-Key", A)), WALL)) == ("one", (A.encode(),))


def test_two_keys_of_one_client_are_both_known() -> None:
    both = shown(("Authorization", f"Bearer {A}"), ("X-Api-Key", SECOND), ("Api-Key", A))
    assert proven(keys().prove(both, WALL)) == ("one", (A.encode(), SECOND.encode()))


def test_keys_of_two_clients_are_none() -> None:
    for other in (B, LENT):
        with pytest.raises(Fault) as refused:
            keys(lent()).prove(shown(("Authorization", f"Bearer {A}"), ("X-Api-Key", other)), WALL)
        assert refused.value.code == "client_key_required"
        assert "two clients" in refused.value.detail


def test_only_so_many_texts_are_looked_at() -> None:
    names = [f"x-{number}" for number in range(9)]
    slots = KeySlots(headers=frozenset(name.encode() for name in names))
    junk = [(name, "stale-" + name) for name in names]
    assert proven(keys().prove(shown(*junk[:7], (names[7], A), slots=slots), WALL))[0] == "one"
    assert isinstance(keys().prove(shown(*junk[:8], (names[8], A), slots=slots), WALL), Unproven)


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ([], "no client key was sent"),
        ([("Authorization", "Bearer stale")], "the client key is not known"),
        ([("Authorization", "Bearer stale"), ("X-Api-Key", OLD)], "this key of client one has expired (2020-01-31)"),
        ([("Authorization", f"Bearer {LENT}")], "the command that this session key was lent to has ended"),
        ([("Authorization", "Bearer kls_stand_AAAA")], "the client key is not known"),
    ],
)
def test_why_nothing_proves_a_client(headers: list[tuple[str, str]], why: str) -> None:
    found = keys(lent(until=1.0)).prove(shown(*headers), WALL)
    assert isinstance(found, Unproven)
    assert (found.why, found.over) == (why, "command" in why)


def test_what_was_judged_otherwise_is_left_out() -> None:
    assert isinstance(keys().prove(shown(("X-Api-Key", A)), WALL, but=A.encode()), Unproven)


def test_a_lone_key_is_known_while_it_holds() -> None:
    known = keys(lent(until=WALL + 1))
    for text, name in ((A, "one"), (B, "two"), (LENT, "exec app")):
        key = known.lone(hashlib.sha256(text.encode()).digest(), WALL)
        assert key is not None
        assert key.client.name == name
    assert known.lone(hashlib.sha256(OLD.encode()).digest(), WALL) is None
    assert known.lone(hashlib.sha256(LENT.encode()).digest(), WALL + 1) is None
    assert known.lone(hashlib.sha256(b"stale").digest(), WALL) is None


@pytest.mark.parametrize("key", [A, LENT])
def test_what_a_stand_in_gave_is_as_good_as_the_key(key: str) -> None:
    ours, replica, other = keys(lent()), keys(lent()), keys(lent(), secret=b"another")
    found = ours.prove(shown(("X-Api-Key", key)), WALL)
    assert isinstance(found, Proven)
    given = ours.placeholder(found.key, "/api", WALL + 60).decode()
    presented = shown(("Authorization", f"Bearer {given}"))
    for process in (ours, replica):
        assert proven(process.prove(presented, WALL + 59)) == (found.client.name, (given.encode(),))
    assert isinstance(ours.prove(presented, WALL + 60), Unproven)
    assert isinstance(other.prove(presented, WALL), Unproven)
    elsewhere = shown(("Authorization", f"Bearer {given}"), slots=KeySlots(prefix="/other"))
    assert isinstance(ours.prove(elsewhere, WALL), Unproven)


def test_it_ends_with_its_key() -> None:
    ours = keys(lent(until=WALL + 10))
    found = ours.prove(shown(("X-Api-Key", LENT)), WALL)
    assert isinstance(found, Proven)
    given = ours.placeholder(found.key, "/api", WALL + 60).decode()
    assert isinstance(ours.prove(shown(("X-Api-Key", given)), WALL + 11), Unproven)
    assert isinstance(keys().prove(shown(("X-Api-Key", given)), WALL), Unproven)
