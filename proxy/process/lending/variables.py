"""Which variables a program gets that runs through the proxy.

Owns: whose a variable is where several routes would set it, and that no variable keeps a secret. Must not know: how the
program is run, how routes come to be offered.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from proxy.errors import KeylessError
from proxy.process.lending.offer import Offer, OfferedRoute
from proxy.process.lending.tools import Part, Sdk, Tool

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NAMES = re.compile(r"\{(base|host|path|key)\}")


class ClaimedTwice(KeylessError):  # noqa: N818 -- it says what is the case
    """Two routes want one variable."""

    def __init__(self, what: str, routes: Iterable[str]) -> None:
        names = list(dict.fromkeys(routes))
        super().__init__(f"{what} is claimed by {' and '.join(names)}; say which: --route {names[0]}")


class Claim(NamedTuple):
    route: OfferedRoute
    text: str


def variables(offer: Offer, key: str, sdks: Mapping[str, Sdk]) -> dict[str, str]:
    """Base URLs and the key, by the routes' SDKs; the empty text for all others that a secret is read from.

    Raises ClaimedTwice.
    """
    claims: dict[str, list[Claim]] = defaultdict(list)
    for route in offer.routes:
        for row in route.sdk:
            for name, text in _wanted(row, sdks if len(offer.routes) == 1 else {}):
                claims[name].append(Claim(route, filled_in(text, row.get("url", route.url), key)))
    own = {name: _settled(name, several) for name, several in claims.items()}
    return dict.fromkeys(offer.variables, "") | own


def bypass(environ: Mapping[str, str]) -> dict[str, str]:
    """Whatever proxy the user's environment names, it is not for addresses of this machine."""
    written = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    names = dict.fromkeys([*(name.strip() for name in written.split(",") if name.strip()), *LOOPBACK])
    return dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join(names))


def parts(tool: Tool, offer: Offer, sdks: Mapping[str, Sdk]) -> list[tuple[Part, str]]:
    """Those parts of a tool that a route is there for, with the base URL that it has. Raises ClaimedTwice."""
    found = []
    for part in tool.parts:
        variable = sdks[part.sdk].base if part.sdk in sdks else ""
        claims = [Claim(route, base) for route in offer.routes for base in _bases(route, part.sdk, variable)]
        own = [claim for claim in claims if _is_named_after(variable, claim.route)] if variable else claims
        if own or len(offer.routes) == 1:
            found += [(part, _settled(part.sdk, own or claims))] if own or claims else []
    return found


def _wanted(row: Mapping[str, Any], sdks: Mapping[str, Sdk]) -> Iterator[tuple[str, str]]:
    """What it says; and of a route that is the only one, all that its SDK reads."""
    yield from row.get("env", {}).items()
    sdk = sdks.get(row["name"])
    if sdk is not None:
        base = row.get("base") or row.get("env", {}).get(sdk.base) or "{base}"
        yield from ((name, text.replace("{base}", base)) for name, text in sdk.env.items())


def _bases(route: OfferedRoute, sdk: str, variable: str) -> Iterator[str]:
    for row in route.sdk:
        if row["name"] == sdk:
            yield filled_in(
                row.get("base") or row.get("env", {}).get(variable) or "{base}", row.get("url", route.url), ""
            )


def _settled(name: str, claims: list[Claim]) -> str:
    """That of the vendor after whom it is named. Raises ClaimedTwice."""
    first = [claim for claim in claims if _is_named_after(name, claim.route)] or claims
    if len({claim.text for claim in first}) > 1:
        raise ClaimedTwice(name, (claim.route.prefix for claim in first))
    return first[0].text


def _is_named_after(variable: str, route: OfferedRoute) -> bool:
    return not set(variable.split("_")).isdisjoint(route.owns)


def filled_in(template: str, url: str, key: str) -> str:
    """A text of a row of `sdk`, for the address that the route has."""
    known = {"base": url, "host": urlsplit(url).netloc, "path": urlsplit(url).path, "key": key}
    return _NAMES.sub(lambda match: known[match[1]], template)
