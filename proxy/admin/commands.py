"""What the commands of the same user may ask over the runtime socket (process/runtime.py): status and expire.

Owns: that they need no admin key, and are written down as the operator's. Must not know: sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

from proxy.admin.page import missing
from proxy.admin.pages.providers import switch
from proxy.admin.view import View
from proxy.process.runtime import Answer, Ask

PEER = "unix"


def answers(view: Callable[[], View]) -> dict[str, Ask]:
    """`view` gives the one of the config that is served now."""

    async def status(_names: Sequence[str]) -> Answer:
        return Answer((await view().status()).document())

    async def expire(names: Sequence[str]) -> Answer:
        if len(names) != 1:
            raise missing("expire takes the name of one provider")
        return Answer(asdict(await switch(view(), names[0], "expire", PEER)))

    return {"status": status, "expire": expire}
