"""Records: what comes back is what was kept, dead tokens excepted, whatever the clocks did in between."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.life.record import Intent, Record
from proxy.auth.token import Registration, Token
from proxy.values.now import Now

MINTED = 1_700_000_000.0
RECORD = Record(3, "a-token", MINTED, MINTED + 3600, 300.0, 60.0, "refresh", "read", {"a": 1}, names=("mail", "crm"))

texts = st.none() | st.text()
times = st.floats(0, 1e11)
records = st.builds(
    Record,
    st.integers(0, 2**53),
    texts,
    times,
    times,
    times,
    times,
    texts,
    texts,
    st.none() | st.dictionaries(st.text(), st.integers() | st.text()),
    st.none() | st.builds(Intent, st.text(), times),
    st.lists(st.text()).map(tuple),
    texts,
    st.none() | st.builds(Registration, st.text(), st.text(), texts, st.text()),
)


@given(records)
def test_what_comes_back_is_what_was_kept(record: Record) -> None:
    assert Record.from_bytes(record.to_bytes("cell"), "cell") == record


def test_a_token_survives_a_restart_on_another_machine() -> None:
    token = Token(
        3, "v", Now(50.0, MINTED), Now(3650.0, MINTED + 3600), 300.0, 60.0, "r", "read", {"a": 1}, "api.test/v1"
    )
    back = Record.of(token, ("mail",)).token(Now(7.0, MINTED + 600))
    assert back is not None
    assert (back.minted, back.expires) == (Now(-593.0, MINTED), Now(3007.0, MINTED + 3600))
    assert back.left(Now(7.0, MINTED + 600)) == 3000
    assert (back.generation, back.value, back.refresh_token, back.scope, back.reply) == (3, "v", "r", "read", {"a": 1})
    assert back.upstream == "api.test/v1"


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (MINTED, 3600),
        (MINTED + 3599, 1),
        (MINTED + 3600, None),
        (MINTED + 1e9, None),  # the clock was set forward: a live token is given up, which costs a mint
        (MINTED - 60, 3600),  # set back: never more than the whole life
        (0.0, 3600),
    ],
)
def test_a_clock_that_jumps_prolongs_no_life(now: float, left: float | None) -> None:
    token = RECORD.token(Now(100.0, now))
    assert (None if token is None else token.left(Now(100.0, now))) == left
    if token is not None:
        assert token.left(Now(100.0 + 3600, now)) <= 0


def test_a_record_without_a_token_has_none() -> None:
    assert replace(RECORD, value=None).token(Now(0.0, MINTED)) is None


def test_its_repr_shows_no_secret() -> None:
    assert "a-token" not in repr(RECORD)
    assert "refresh'" not in repr(RECORD)


def changed(**what: Any) -> bytes:
    known = json.loads(RECORD.to_bytes("cell")) | what
    return json.dumps({key: value for key, value in known.items() if value != "gone"}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"1",
        b"[" * 100_000,
        changed(v=2),
        changed(v="gone"),
        changed(cell="another"),
        changed(cell="gone"),
        changed(generation="gone"),
        changed(generation=-1),
        changed(generation=1.5),
        changed(generation=True),
        changed(generation="3"),
        changed(value=5),
        changed(refresh_token=["x"]),
        changed(scope={}),
        changed(expires="soon"),
        changed(expires=float("inf")),
        changed(minted=float("nan")),
        changed(soft=None),
        changed(names=5),
        changed(names=[1]),
        changed(intent={"fingerprint": "x"}),
        changed(intent={"fingerprint": 5, "at": 1.0}),
        changed(intent={"fingerprint": "x", "at": "noon"}),
        changed(intent=[]),
        changed(registration=[]),
        changed(registration={"issuer": "x"}),
        changed(registration={"issuer": "x", "client_id": 5}),
        changed(registration={"issuer": "x", "client_id": "y", "client_secret": 5}),
        changed(unknown=1),
    ],
)
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        Record.from_bytes(data, "cell")


@given(st.binary())
def test_any_bytes_are_a_record_or_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        Record.from_bytes(data, "cell")
