"""A token that leaves the proxy, for a program that speaks to the API by itself.

Owns: what such a program is told. Must not know: who may have it (admin/pages/token.py), or how it's got.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from proxy.errors import Fault
from proxy.plan.route import Plan
from proxy.tokens.cell import Cell
from proxy.values.now import Now
from proxy.values.secret import revealed


class Handout(NamedTuple):
    """`expires_in` is None for what never expires."""

    access_token: str
    expires_in: int | None
    token_type: str
    generation: int

    def __repr__(self) -> str:
        return f"Handout({self.token_type}, generation {self.generation}, expires in {self.expires_in})"

    def document(self) -> dict[str, Any]:
        """As a token endpoint would answer (RFC 6749 §5.1)."""
        return {"access_token": self.access_token, "expires_in": self.expires_in, "token_type": self.token_type}


async def hand_out(plan: Plan, cells: Mapping[str, Cell], clock: Callable[[], Now], name: str) -> Handout:
    """Never within a minute of its death, or in the second half of a life shorter than two. Raises Fault."""
    provider, cell = plan.providers.get(name), cells.get(name)
    if provider is None:
        raise Fault("no_route", f"there is no provider {name}")
    if cell is None or provider.scheme is None:
        raise provider.asleep()
    token = await cell.lasting(name)
    left = token.left(clock())
    expires_in = None if math.isinf(left) else int(left)
    return Handout(revealed(token.value), expires_in, provider.scheme.token_type(token), token.generation)
