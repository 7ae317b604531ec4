"""`/-/providers/PROVIDER/expire` and `/refresh`: the two switches of a provider.

Owns: that each use is written down.
"""

from __future__ import annotations

from dataclasses import asdict

from proxy.admin.page import Answer, Asked, Who, missing
from proxy.admin.view import View

PATH = "providers/*/*"
METHODS = frozenset(("POST",))
WHO = Who.OPERATOR


async def answer(asked: Asked, view: View) -> Answer:
    name, action = asked.names
    if action not in ("expire", "refresh"):
        raise missing(f"a provider has nothing called {action}")
    cell = view.cell(name)
    await (cell.expire() if action == "expire" else cell.retry())
    if view.audit is not None:
        view.audit.admin(asked.request.peer or "unix", name, action, view.state(name))
    return Answer.json(asdict(view.provider(name)))
