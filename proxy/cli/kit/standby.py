"""The sandbox that a config's routes want: beside the proxy, for as long as it runs.

Owns: whether they want one, and what is said of it. Must not know: what it does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from proxy.admin.told import shown
from proxy.config.model import Config
from proxy.values.listen import is_loopback

if TYPE_CHECKING:
    from proxy.sandbox import Sandbox

PREFIX = "/sandbox"


@asynccontextmanager
async def standing_by(config: Config) -> AsyncIterator[str]:
    """The sandbox, if the routes lead to one on this machine that isn't there yet; yields what to say of it."""
    sandbox = wanted_by(config)
    if sandbox is None:
        yield ""
        return
    try:
        await sandbox.start()
    except OSError:
        yield f"sandbox on port {sandbox.port}: not started, the port is taken; another one may run there already"
        return
    try:
        yield f"sandbox on {sandbox.url}: made-up keys, and tokens that live {shown.duration(sandbox.lifetime)}"
    finally:
        await sandbox.stop()


def wanted_by(config: Config) -> Sandbox | None:
    """One for the address that the config's `/sandbox` routes lead to, if that is on this machine."""
    routes = [route for prefix, route in config.routes.items() if prefix == PREFIX or prefix.startswith(f"{PREFIX}/")]
    if not routes:
        return None
    from proxy.sandbox.server import ISSUERS, Sandbox  # noqa: PLC0415 -- 8 MiB that only such routes need

    styles = {style for style, *_ in ISSUERS}
    for where in (urlsplit(route.upstream) for route in routes):
        if (
            where.scheme == "http"
            and where.port
            and is_loopback(where.hostname or "")
            and where.path.lstrip("/").partition("/")[0] in styles
        ):
            return Sandbox(host=where.hostname or "", port=where.port)
    return None
