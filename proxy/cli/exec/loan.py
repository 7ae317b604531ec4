"""The key that a proxy that runs lends, and what goes with it; of one in this process it comes from inside.py.

Owns: what is lent, and what is to be said once the program has ended. Must not know: what is made of an offer.
"""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from proxy.errors import Fault, KeylessError
from proxy.process.asking import ask, begin
from proxy.process.lending.offer import Offer
from proxy.process.runtime import path_of


class NotLent(KeylessError):  # noqa: N818 -- it says what is the case
    """The proxy does not lend a key. `code` is the command's exit code: what was named wrongly is usage."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code

    @classmethod
    def of(cls, fault: Fault) -> NotLent:
        return cls(fault.detail, 2 if fault.code == "no_route" else 1)


class Wish(NamedTuple):
    """`name` is how `status` lists it; no routes are all of them."""

    name: str
    routes: Sequence[str]


@dataclass
class Loan:
    """`remarks` are for when the program has ended: until then it has the terminal."""

    offer: Offer
    key: str = field(repr=False)
    remarks: list[str] = field(default_factory=list)


async def offered(config: Path, wish: Wish) -> Offer:
    """By the proxy that runs with this config. Raises NotLent."""
    try:
        document = await ask(path_of(config, os.environ), "routes", *wish.routes)
        return Offer.read(document["offer"]).holding(os.environ)
    except Fault as fault:
        raise NotLent.of(fault) from None
    except (OSError, ValueError, KeyError):  # or is of a release that this one doesn't know
        raise _silent(config) from None


@asynccontextmanager
async def lent(config: Path, wish: Wish) -> AsyncIterator[Loan]:
    """By the proxy that runs with this config, as long as the connection."""
    try:
        asked = await begin(path_of(config, os.environ), "lend", wish.name, "", *wish.routes)
    except Fault as fault:
        raise NotLent.of(fault) from None
    except (OSError, ValueError):
        raise _silent(config) from None
    with asked.connection:
        try:
            loan = Loan(Offer.read(asked.document["offer"]).holding(os.environ), asked.document["key"])
        except (ValueError, KeyError):  # of a release that this one doesn't know
            raise _silent(config) from None
        yield loan
        if _is_over(asked.connection):
            loan.remarks.append("the proxy stopped while the program ran")


def _silent(config: Path) -> NotLent:
    return NotLent(f"the proxy that runs with {config} does not answer")


def _is_over(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
