"""`/-/providers/PROVIDER/expire` and `/refresh`: the two switches of a provider.

Owns: that each use is written down.
"""

from __future__ import annotations

from dataclasses import asdict

from proxy.admin.page import Answer, Asked, Who, missing
from proxy.admin.report import ProviderReport
from proxy.admin.view import View

PATH = "providers/*/*"
METHODS = frozenset(("POST",))
WHO = Who.OPERATOR


async def answer(asked: Asked, view: View) -> Answer:
    name, action = asked.names
    if action not in ("expire", "refresh"):
        raise missing(f"a provider has nothing called {action}")
    return Answer.json(asdict(await switch(view, name, action, asked.request.peer or "unix")))


async def switch(view: View, name: str, action: str, peer: str) -> ProviderReport:
    """Raises Fault."""
    cell = view.cell(name)
    if view.audit is not None:
        view.audit.demand()
    await (cell.expire() if action == "expire" else cell.retry())
    if view.audit is not None:
        view.audit.admin(peer, name, action, view.state(name))
    return view.provider(name)
