"""What Keyless's config gains for a scenario, by the feature's name.

Owns: policies that are measured, and configs that are large. Must not know: how a proxy is started.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

Written = dict[str, Any]
"""What stands in the file, as objects."""

CLIENT_KEY = "bench-client-key-0123456789"
ORIGIN = "http://localhost:3000"
ROUTES, CLIENTS, ISSUERS, PROVIDERS = 10_000, 10_000, 2_000, 2_000
ONE_OF_ROUTES = f"/v1/r{ROUTES // 2}"
"""In the config with few routes and in that with many."""
ONE_OF_PROVIDERS = f"/p{PROVIDERS // 2}"
"""As with the routes."""
ONE_OF_ISSUERS = f"/r{ISSUERS // 2}"
FRESH = "/fresh"
"""The route that a reload brings."""


def with_fresh_route(file: Path) -> str:
    """The config in `file`, with one more route to the API that it has."""
    written = json.loads(file.read_text("utf-8"))
    written["routes"][FRESH] = written["routes"]["/"]
    return json.dumps(written)


def _all_on(written: Written) -> None:
    """Metrics and the access log are on by default."""
    written["clients"] = [{"name": "bench", "key": CLIENT_KEY, "origins": [ORIGIN]}]


def _all_off(written: Written) -> None:
    """Nothing is asked of a client, no line is written, no record of a request is made; it is still counted."""
    written["log"] = {"access": False}


def _refusal(written: Written) -> None:
    written["providers"]["api"]["refused"] = [{"status": [401]}, {"json": {"error_code": [110, 111]}}]


def _rotation(written: Written) -> None:
    provider = written["providers"]["api"]
    provider["token_url"] += "?short"
    provider["refresh"] = {"before": "1s", "min_interval": "200ms"}


def _two_workers(written: Written) -> None:
    written["workers"] = 2


def _routes(numbers: Iterable[int]) -> Callable[[Written], None]:
    """Below one first segment: no look-up by that alone tells them apart."""

    def grow(written: Written) -> None:
        written["routes"] |= {f"/v1/r{number}": written["routes"]["/"] for number in numbers}

    return grow


def _providers(numbers: Iterable[int]) -> Callable[[Written], None]:
    """Each with a token of its own: no reply may have one of them in it."""

    def grow(written: Written) -> None:
        route = written["routes"]["/"]
        for number in numbers:
            written["providers"][f"p{number}"] = {"scheme": "static", "token": f"bench-token-of-one-{number:08d}"}
            written["routes"][f"/p{number}"] = route | {"provider": f"p{number}"}

    return grow


def _clients(written: Written) -> None:
    others = [{"name": f"client-{number}", "key": f"bench-key-of-one-{number:08d}"} for number in range(CLIENTS - 1)]
    written["clients"] = [*others, {"name": "bench", "key": CLIENT_KEY}]


def _issuers(written: Written) -> None:
    """A provider of its own for each route, all at the bench's issuer."""
    provider, route = written["providers"]["api"], written["routes"]["/"]
    for number in range(ISSUERS):
        written["providers"][f"p{number}"] = provider | {"client_id": f"bench-{number}"}
        written["routes"][f"/r{number}"] = route | {"provider": f"p{number}"}


def _unchanged(written: Written) -> None:
    """It is the environment that differs."""


FEATURES: dict[str, Callable[[Written], None]] = {
    "all-on": _all_on,
    "all-off": _all_off,
    "refusal": _refusal,
    "rotation": _rotation,
    "10-routes": _routes(range(0, ROUTES, ROUTES // 10)),
    "10000-routes": _routes(range(ROUTES)),
    "10-providers": _providers(range(0, PROVIDERS, PROVIDERS // 10)),
    "2000-providers": _providers(range(PROVIDERS)),
    "10000-clients": _clients,
    "2000-issuers": _issuers,
    "2-workers": _two_workers,
    "image": _unchanged,
}
ENVIRONMENTS: dict[str, Mapping[str, str]] = {"image": {"PYTHONMALLOC": "malloc"}}
"""As the Dockerfile has it."""
