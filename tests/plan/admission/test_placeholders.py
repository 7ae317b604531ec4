"""What a stand-in gives a client in place of a token."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.plan.admission.clients import ClientPlan, Key
from proxy.plan.admission.placeholders import BEGINS, Placeholder, Placeholders, id_of

ONE = Key(ClientPlan("one"), hashlib.sha256(b"one").digest())
OTHER = Key(ClientPlan("one"), hashlib.sha256(b"other").digest())
RENAMED = Key(ClientPlan("two"), ONE.digest)
MADE = Placeholders([b"a secret"]).made(ONE, "/api", 1_800_000_000)


def read(text: bytes) -> Placeholder:
    presented = Placeholder.read(text)
    assert presented is not None
    return presented


def test_it_names_its_key_and_its_end_and_holds_neither_key_nor_digest() -> None:
    presented = read(MADE)
    assert (presented.key, presented.until) == (id_of(ONE.digest), 1_800_000_000)
    assert MADE.startswith(b"kls_")
    assert ONE.digest[:8] not in presented.key + presented.proof
    assert repr(presented) == "<Placeholder>"


def test_it_is_good_for_its_key_route_and_secret_alone() -> None:
    presented, judge = read(MADE), Placeholders([b"a secret"])
    assert judge.proves(presented, ONE, "/api")
    assert not judge.proves(presented, OTHER, "/api")
    assert not judge.proves(presented, RENAMED, "/api")
    assert not judge.proves(presented, ONE, "/api2")
    assert not judge.proves(presented._replace(until=1_900_000_000), ONE, "/api")
    assert not Placeholders([b"another"]).proves(presented, ONE, "/api")


def test_a_secret_may_be_followed_by_another() -> None:
    rotated = Placeholders([b"the next", b"a secret"])
    assert rotated.proves(read(MADE), ONE, "/api")
    assert not Placeholders([b"a secret"]).proves(read(rotated.made(ONE, "/api", 1)), ONE, "/api")


@pytest.mark.parametrize("text", [b"", b"kls_a", BEGINS, BEGINS + b"!", BEGINS + b"YQ==", MADE + b"YWFh", MADE[:-4]])
def test_other_texts_are_none(text: bytes) -> None:
    assert Placeholder.read(text) is None


@given(st.binary(max_size=64))
def test_nobody_guesses_one(rest: bytes) -> None:
    presented = Placeholder.read(BEGINS + rest)
    assert presented is None or not Placeholders([b"a secret"]).proves(presented, ONE, "/api")
