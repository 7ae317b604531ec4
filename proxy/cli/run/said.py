"""What `keyless run` says when it begins to serve, and when it is about to end.

Owns: the words. Must not know: who prints them, and when.
"""

from __future__ import annotations

import math
from pathlib import Path

from proxy import __version__
from proxy.admin.told import shown
from proxy.cli.kit.options import row_lines, warning_lines
from proxy.config.loaded import Loaded
from proxy.values.listen import PAGES, Door
from proxy.wire.inbound.server import DRAIN_SECONDS

_ALONE = "offline: kept replies alone answer, and nobody is asked"


def introduction(loaded: Loaded, path: Path, doors: list[Door], sandbox: str, count: int = 1) -> str:
    """Where, which routes, what is ready, and how to look after it."""
    config, hidden = loaded.config, shown.Mask(shown.secrets_of(loaded))
    several = f", {count} workers" if count > 1 else ""
    urls = [door.listener.url for door in doors if door.route is None]
    own = {door.route: f" = {door.listener.url}" for door in doors}
    rows = [
        (
            prefix + own.get(prefix, ""),
            shown.url(route.upstream, hidden),
            route.provider,
            _readiness(loaded, route.provider),
        )
        for prefix, route in config.routes.items()
    ]
    pages = next((door.listener.url for door in doors if door.route == PAGES), urls[0])
    lines = [
        f"keyless {__version__} on {', '.join(urls)} ({path}{several})",
        *filter(None, (sandbox, _ALONE if loaded.offline else "")),
        *row_lines(rows or [("no routes",)]),
        *warning_lines(loaded),
        f"status: `keyless status`, or {pages}{config.admin.path} (the dashboard). Ctrl-C stops.",
    ]
    return "\n".join((*lines, ""))


def _readiness(loaded: Loaded, provider: str) -> str:
    if provider in loaded.unconfigured:
        return loaded.unconfigured[provider].asleep()
    if provider not in loaded.config.providers:
        return "ready, without a credential"
    by_person = getattr(loaded.config.providers[provider], "by_person", False)
    return f"ready once someone has logged in: `keyless login {provider}`" if by_person else "ready"


def stopping(requests: int | None) -> str:
    """`requests` are under way; None: several workers know."""
    if requests == 0:
        return "stopping\n"
    many = "what is under way" if requests is None else "1 request" if requests == 1 else f"{requests} requests"
    return f"stopping: waiting up to {math.ceil(DRAIN_SECONDS)} s for {many}; Ctrl-C again ends at once\n"
