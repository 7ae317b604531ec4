"""A process that refreshes and is killed. `python -m tests.tokens.child` forks one for each job, a JSON line on stdin.

Where it dies is a seam: a store or an issuer that is wrapped, so that nothing of ours is patched. A job says:
`{"store", "provider", "die": STEP or null, "forced": n}`; what it did comes as JSON lines.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from proxy import clock
from proxy.auth.life.lifecycle import Lifecycle, Terms
from proxy.auth.schemes import scheme_for
from proxy.auth.schemes.oauth2.keys import OAuth2Provider
from proxy.auth.token import Flow, Minted
from proxy.config.model import Log
from proxy.errors import Fault
from proxy.logs import setup
from proxy.tokens.calls.issuer import Issuer
from proxy.tokens.cell import Cell
from proxy.tokens.keeper import Keeper
from proxy.tokens.mint import Means
from proxy.tokens.records import Records
from proxy.tokens.store import BUDGET
from proxy.tokens.store.file import FileStore
from proxy.tokens.store.key_file import Seal
from proxy.values.now import Now

STEPS = ("before the intent", "after the intent", "after the call", "before the keep", "after the keep", "publishing")
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Made once, as it takes long; nothing here speaks TLS."""
KEY = "LmRoaXMta2V5LWlzLW9mLXRoZS10ZXN0cy1vbmx5LjE="


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DyingStore(FileStore):
    def __init__(self, path: Path, step: str | None) -> None:
        super().__init__(path)
        self.step = step
        self.kept = False

    async def amend(self, key: str, sealed: bytes, generation: int, patience: float = BUDGET) -> bool:
        if self.step == "before the intent":
            die()
        done = await super().amend(key, sealed, generation, patience)
        if self.step == "after the intent":
            die()
        return done

    async def write(self, key: str, sealed: bytes, generation: int, patience: float = BUDGET) -> bool:
        if self.step == "before the keep":
            die()
        done = await super().write(key, sealed, generation, patience)
        if self.step == "after the keep":
            die()
        self.kept = True
        return done


class DyingIssuer:
    def __init__(self, issuer: Issuer, step: str | None) -> None:
        self._issuer = issuer
        self._step = step

    async def login(self, flow: Flow) -> Minted:
        minted = await self._issuer.login(flow)
        if self._step == "after the call":
            die()
        return minted


def dying_clock(store: DyingStore) -> Callable[[], Now]:
    """The lifecycle is told the time when the new token is published: right after it was kept."""

    def read() -> Now:
        if store.step == "publishing" and store.kept:
            die()
        return clock.now()

    return read


def say(**what: Any) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


async def refresh(job: dict[str, Any]) -> None:
    """The token that is stored, or a new one; then `forced` more, each after the last was declared dead."""
    provider = TypeAdapter(OAuth2Provider).validate_python(job["provider"])
    store = DyingStore(Path(job["store"]), job["die"])
    async with Issuer(tls=lambda: TLS) as issuer:
        records = Records(store, Seal([KEY]))
        keeper = Keeper(Means(DyingIssuer(issuer, job["die"]), records, dying_clock(store), clock.draw))
        cell = keeper.cell("mail", scheme_for(provider, frozenset()), lambda: Lifecycle(Terms(), clock.draw))
        await _tell(cell)
        for _ in range(job["forced"]):
            cell.life.expired()
            await _tell(cell)
        await keeper.close()
        await records.close()


async def _tell(cell: Cell) -> None:
    try:
        token = await cell.token("mail")
        say(token=token.value, generation=token.generation)
    except Fault as fault:
        failure = cell.life.failure
        say(fault=fault.code, why=None if failure is None else failure.message)


def main() -> None:
    """One after the other, so that starting Python isn't what takes the time."""
    setup.configure(Log(level="error"))
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            say(pid=os.getpid())
            asyncio.run(refresh(json.loads(line)))
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        say(ended=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
