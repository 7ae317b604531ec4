"""An aiohttp `Application` and a `ClientSession`, as everyone writes it: streaming both ways, one fixed header."""

from __future__ import annotations

import sys
from importlib.metadata import version

from bench.peers.peer import TOKEN, Command, Peer, Setting


def command(setting: Setting) -> Command:
    ca = str(setting.site.authority)
    argv = [sys.executable, "-m", "bench.peers.naive_app", str(setting.port), setting.origin.url, TOKEN, ca]
    return Command(argv)


PEER = Peer(
    "naive",
    "naive aiohttp proxy",
    missing=lambda: None,
    version=lambda: f"aiohttp {version('aiohttp')}",
    command=command,
)
