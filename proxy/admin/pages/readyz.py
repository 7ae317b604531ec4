"""`/-/readyz`, `/-/readyz/PROVIDER`: whether a load balancer should send requests here.

Owns: what ready means. A provider whose secrets are not set is asleep, not unready, unless it is asked for by name.
"""

from __future__ import annotations

from proxy.admin.page import READ, Answer, Asked, Who, missing
from proxy.admin.view import UNCONFIGURED, View
from proxy.auth.life.lifecycle import State

PATH = "readyz/..."
METHODS = READ
WHO = Who.ANYONE

USABLE = frozenset((State.STATIC, State.FRESH, State.STALE, State.DUE))
DEAD = frozenset((State.EXPIRED, State.REFUSED))


async def answer(asked: Asked, view: View) -> Answer:
    names = asked.names
    states = {name: view.state(name) for name in view.plan.providers if not names or name in names}
    if not states and names:
        raise missing(f"there is no provider {'/'.join(names)}")
    awake = {name: state for name, state in states.items() if state != UNCONFIGURED or names}
    unready = [name for name, state in awake.items() if not _is_ready(view, name, state)]
    return Answer.json({"ready": not unready, "providers": states}, 503 if unready else 200)


def _is_ready(view: View, name: str, state: str) -> bool:
    """A token that died while nobody asked is fetched now, and is no reason to be sent no requests.

    Nor is one that is not fetched before it is needed (`exclusive`): the first request would never come.
    """
    cell = view.cells.get(name)
    if cell is None or state in USABLE:
        return cell is not None
    cell.warm()
    return (state in DEAD or cell.life.exclusive) and cell.life.failure is None
