"""Sealing and the rotation of keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.secrets.seal import Seal, Unsealable, new_key

OLD, NEW = new_key(), new_key()


@given(st.binary())
def test_what_is_sealed_opens_and_is_not_to_be_read(data: bytes) -> None:
    sealed = Seal([OLD]).seal(data)
    assert Seal([OLD]).open(sealed) == data
    assert len(data) < 8 or data not in sealed


def test_the_first_key_seals_and_all_of_them_open() -> None:
    sealed = Seal([OLD]).seal(b"x")
    both = Seal([NEW, OLD])
    assert both.open(sealed) == b"x"
    assert Seal([NEW]).open(both.seal(b"x")) == b"x"
    with pytest.raises(Unsealable):
        Seal([OLD]).open(both.seal(b"x"))


@pytest.mark.parametrize(
    "damage",
    [b"", b"x", b"gAAAA", b"\xff\x00", Seal([OLD]).seal(b"x")[:-1]],
    ids=["empty", "short", "prefix", "binary", "cut"],
)
def test_damage_is_told_from_nothing_else(damage: bytes) -> None:
    with pytest.raises(Unsealable, match="another key, or damaged"):
        Seal([OLD]).open(damage)


def test_a_passphrase_makes_the_same_key_everywhere() -> None:
    assert Seal(["sixteen letters!"]).open(Seal(["sixteen letters!"]).seal(b"x")) == b"x"
    assert Seal(["schlüssel aus wörtern"]).open(Seal(["schlüssel aus wörtern"]).seal(b"x")) == b"x"


@pytest.mark.parametrize("keys", [[], [""], ["short"], [OLD, "short"]], ids=map(str, range(4)))
def test_bad_keys_are_refused_without_being_quoted(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="keyless seal --new-key") as refused:
        Seal(keys)
    assert "short" not in str(refused.value)
