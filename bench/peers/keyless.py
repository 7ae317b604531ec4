"""Keyless, as it ships: every default policy on, the access log written to a file, a token from the bench's issuer.

Once with the request path compiled, as `make run` has it from its second start on, and once from its sources.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from bench.install import install_checkout, program
from bench.peers.features import ENVIRONMENTS, FEATURES
from bench.peers.peer import MANY, Command, Peer, Setting
from proxy import __version__

CONFIG = "keyless.yaml"
CHECKOUT = "BENCH_CHECKOUT"
"""An environment variable: where the `proxy` package to be measured is, from its sources, instead of here."""
RUN = "from proxy.cli import main; main()"


def config(setting: Setting) -> dict[str, Any]:
    """JSON is YAML."""
    site = setting.site
    provider: dict[str, Any] = {
        "scheme": "oauth2",
        "token_url": site.token_url,
        "client_id": "bench",
        "client_secret": "bench-secret-0123456789",
    }
    written: dict[str, Any] = {
        "listen": f"127.0.0.1:{setting.port}",
        "limits": {"max_connections": MANY},
        "providers": {"api": provider},
        "routes": {"/": {"upstream": setting.origin.url, "provider": "api"}},
    }
    if setting.secure:
        written["tls"] = {"cert": str(site.certificate), "key": str(site.key)}
    if setting.feature:
        FEATURES[setting.feature](written)
    return written


def command(setting: Setting) -> Command:
    if CHECKOUT in os.environ:
        return from_sources(setting)
    return Command([str(program("keyless", "keyless")), *_arguments(setting)], _environment(setting))


def from_sources(setting: Setting) -> Command:
    env = {**_environment(setting), "PYTHONPATH": os.environ.get(CHECKOUT) or str(Path.cwd())}
    # -P: the working directory would come before PYTHONPATH
    return Command([sys.executable, "-P", "-c", RUN, *_arguments(setting)], env)


def _arguments(setting: Setting) -> list[str]:
    return ["run", "-c", str(setting.write(CONFIG, json.dumps(config(setting), indent=2)))]


def _environment(setting: Setting) -> dict[str, str]:
    return {"SSL_CERT_FILE": str(setting.site.authority), **ENVIRONMENTS.get(setting.feature, {})}


def missing() -> str | None:
    return None if CHECKOUT in os.environ else install_checkout()


PEER = Peer(
    "keyless",
    "Keyless, all default policies",
    missing,
    version=lambda: __version__,
    command=command,
    start_seconds=60.0,  # some configs have ten thousand routes, some machines neighbours
)
SOURCES = Peer(
    "keyless-sources",
    "Keyless, not compiled",
    missing=lambda: None,
    version=lambda: __version__,
    command=from_sources,
    slow=True,
)
