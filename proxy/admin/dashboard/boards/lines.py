"""The exact lines that point programs at a route. Pure.

Owns: their spelling, for each SDK, agent and tool. Must not know: where routes are, who looks.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple

from proxy.process.lending.offer import Offer, OfferedRoute
from proxy.process.lending.tools import Table
from proxy.process.lending.variables import ClaimedTwice, filled_in, parts


class Lines(NamedTuple):
    """Under one heading; `note` stands before them."""

    name: str
    text: str
    note: str = ""


class Call(NamedTuple):
    """A harmless one below a route's address."""

    method: str = "GET"
    path: str = "/"


def of_sdks(route: OfferedRoute, key: str) -> list[Lines]:
    return [_of_row(row, row.get("url", route.url), key) for row in route.sdk]


def of_agents(route: OfferedRoute, clients: bool, table: Table) -> list[str]:
    """Those that `keyless exec` sets up for this route; what they get is its business (proxy/tools.yaml)."""
    offer = Offer((route,), clients=clients)
    return [
        f"keyless exec --route {route.prefix} -- {name}"
        for name, tool in table.tools.items()
        if _takes(tool, offer, table)
    ]


def of_tools(route: OfferedRoute, call: Call, key: str | None) -> list[Lines]:
    """curl, and fetch in a page or program; `key` where one is asked for."""
    url = route.url + call.path
    curl = ["curl", "-i", *(() if call.method == "GET" else ("-X", call.method)), url]
    header = {"Authorization": f"Bearer {key}"} if key else {}
    for name, value in header.items():
        curl += ["-H", f"{name}: {value}"]
    options: dict[str, Any] = {} if call.method == "GET" else {"method": call.method}
    options |= {"headers": header} if header else {}
    written = f", {json.dumps(options)}" if options else ""
    fetch = f"const reply = await fetch({json.dumps(url)}{written});\nconsole.log(reply.status, await reply.text());"
    return [Lines("curl", " ".join(map(shlex.quote, curl))), Lines("fetch", fetch)]


def _of_row(row: Mapping[str, Any], url: str, key: str) -> Lines:
    env = {name: filled_in(text, url, key) for name, text in row.get("env", {}).items()}
    exports = "\n".join(f"export {name}={shlex.quote(text)}" for name, text in env.items())
    base = filled_in(row.get("base") or "{base}", url, key)
    if row.get("setting") is None:
        return Lines(row["name"], exports)
    return Lines(row["name"], "\n".join(filter(None, (base, exports))), f"As {row['setting']}, with {key} as key:")


def _takes(tool: Any, offer: Offer, table: Table) -> bool:
    try:
        return bool(parts(tool, offer, table.sdks))
    except ClaimedTwice:
        return False
