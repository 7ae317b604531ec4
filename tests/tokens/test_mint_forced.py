"""An issuer that hands out the token again which the API has refused: another is asked for, once."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from proxy.auth.token import Flow, IssuerRequest, Minted
from proxy.tokens.cell import Cell
from tests.tokens.cells import Scheme, World, broken, down, generation

SAME, OTHER = Minted("same", 80.0), Minted("other", 80.0)


@dataclass(frozen=True)
class Forceful(Scheme):
    @property
    def forced(self) -> Scheme:
        return Scheme("forced", sent=self.sent)

    def login(self, wall: float, refresh_token: str | None) -> Flow:
        del wall, refresh_token
        yield IssuerRequest("POST", "https://auth.example/token")
        raise AssertionError("the scripted logins never answer")


async def refused(world: World, *script: Minted | Exception) -> tuple[Cell, Forceful]:
    """A cell whose token is `same`; `script` is what the issuer does next."""
    scheme = Forceful()
    world.logins.script = [SAME, *script]
    cell = world.cell(scheme=scheme)
    await cell.token("qianfan")
    return cell, scheme


async def test_another_token_is_asked_for_where_the_same_came(world: World) -> None:
    cell, scheme = await refused(world, SAME, OTHER)
    world.clock.pass_(7)
    renewed = await cell.renew(1)
    assert renewed is not None
    assert (renewed.value, renewed.generation, renewed.minted) == ("other", 2, world.clock())
    assert (len(scheme.sent), world.logins.calls) == (1, 3)


async def test_a_new_token_is_all_that_is_wanted(world: World) -> None:
    cell, scheme = await refused(world, OTHER)
    assert generation(await cell.renew(1)) == 2
    assert scheme.sent == []


async def test_nobody_insists_where_nothing_was_refused(world: World) -> None:
    cell, scheme = await refused(world, SAME)
    world.clock.pass_(90)
    assert (await cell.token("qianfan")).value == "same"
    assert scheme.sent == []


@pytest.mark.parametrize("error", [broken(), down()])
async def test_where_no_other_is_given_the_same_stays_and_rests(world: World, error: Exception) -> None:
    cell, scheme = await refused(world, SAME, error)
    assert generation(await cell.renew(1)) == 2
    assert (await cell.token("qianfan")).value == "same"
    assert await cell.renew(2) is None  # it rests
    assert (len(scheme.sent), world.logins.calls, world.pauses) == (1, 3, [])


async def test_a_token_that_was_killed_on_purpose_is_replaced_too(world: World) -> None:
    cell, _ = await refused(world, SAME, OTHER)
    await cell.expire()
    assert (await cell.token("qianfan")).value == "other"
