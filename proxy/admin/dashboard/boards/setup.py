"""Set up: for each route the lines that point programs at it."""

from __future__ import annotations

from typing import Any

from proxy.admin.dashboard.board import Board, Context
from proxy.admin.dashboard.boards import lines
from proxy.admin.dashboard.paging import Paged
from proxy.admin.page import Asked
from proxy.admin.view import View
from proxy.config.model.client import NO_KEY
from proxy.errors import Fault
from proxy.http.fields import first
from proxy.process.lending.offer import OfferedRoute
from proxy.process.lending.offering import offer
from proxy.process.lending.tools import table
from proxy.values.listen import Door, Listener, parse
from proxy.wire.inbound.request import Request

CLIENT_KEY = "YOUR-CLIENT-KEY"


async def context(asked: Asked, view: View) -> Context:
    routes = view.plan.routes
    chosen = asked.query.get("route") or next(iter(routes), None)
    rows = Paged.of(
        tuple(routes.values()), lambda route: f"{route.prefix} {route.provider and route.provider.name}", asked.query
    )
    told: dict[str, Any] = {"rows": rows, "chosen": chosen, "unreachable": None, "route": None}
    if chosen not in routes:
        return told
    try:
        offered = offer(view.loaded, doors(asked.request, view), (chosen,))
    except Fault as fault:
        return told | {"unreachable": fault.detail}
    return told | _told(offered.routes[0], offered.clients, offered.local_tls, view)


def _told(route: OfferedRoute, clients: bool, local_tls: bool, view: View) -> dict[str, Any]:
    live = view.loaded.live.get(route.prefix)
    call = lines.Call() if live is None else lines.Call(live.method, live.path)
    return {
        "route": route,
        "address": route.url,
        "clients": clients,
        "local_tls": local_tls,
        "call": call,
        "sdks": lines.of_sdks(route, CLIENT_KEY if clients else NO_KEY),
        "agents": lines.of_agents(route, clients, table()),
        "tools": lines.of_tools(route, call, CLIENT_KEY if clients else None),
    }


def doors(request: Request, view: View) -> list[Door]:
    """Where it listens, as who looks can reach it: at the address by which the page was asked for."""
    listening = list(view.desk.doors())
    used = _used(request)
    if used is None or view.loaded.config.admin.listen is not None:
        return listening
    return [Door(used), *(door for door in listening if door.route is not None)]


def _used(request: Request) -> Listener | None:
    host = (first(request.fields, b"host") or b"").decode("latin-1")
    port = "" if host.rpartition("]")[2].partition(":")[1] else (":443" if request.secure else ":80")
    try:
        return parse(host + port)._replace(tls=request.secure)
    except ValueError:
        return None


SETUP = Board("setup", "Set up", "setup.html", context, every=None)
