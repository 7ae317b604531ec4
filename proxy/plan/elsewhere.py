"""Other hosts that a route leads to, chosen by each call: `PREFIX/~files.example.com/path`.

Owns: which hosts those are, which of them may see the credential, and a route's plan for one of them. Must not know:
requests, tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from proxy.auth.keys.provider import Host
from proxy.plan.replies.links import Links
from proxy.plan.route import RoutePlan
from proxy.plan.target import Target

_NAME: Final = re.compile(rb"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)+")


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """`exact` and `below` say whether a host may see the credential; `below` are endings, with their dot."""

    exact: Mapping[str, bool]
    below: Mapping[str, bool]
    home: RoutePlan = field(repr=False)

    @classmethod
    def compile(cls, hosts: Iterable[Host], home: RoutePlan) -> Elsewhere:
        """`home` is the route's own plan."""
        said = [(each.host, each.credential) for each in hosts]
        exact = {host: credential for host, credential in said if not host.startswith("*")}
        below = {host[1:]: credential for host, credential in said if host.startswith("*")}
        return cls(exact, below, home)

    def plan(self, host: bytes) -> RoutePlan | None:
        """What a request to this host is forwarded with; None for one that is not named. By the upstream's scheme and
        port, below the root of the host.
        """
        name = host.lower()
        if len(name) > 253 or not _NAME.fullmatch(name):
            return None
        credential = self._sees(name.decode("ascii"))
        if credential is None:
            return None
        home = self.home if credential else _bare(self.home)
        origin = home.target.origin._replace(host=name.decode("ascii"))
        target = Target(
            origin if credential else origin._replace(identity=""), origin.host_header, b"", b"/", b"", None
        )
        links = Links(target, home.links.prefix + b"/~" + name, home.links.slots, home.links.forwarded)
        return replace(home, target=target, upstream=origin.url, links=links, keep_prefix=False, stand_in=None)

    def _sees(self, name: str) -> bool | None:
        """The longest ending counts."""
        if name in self.exact:
            return self.exact[name]
        endings = [ending for ending in self.below if name.endswith(ending) and len(name) > len(ending)]
        return self.below[max(endings, key=len)] if endings else None


def _bare(plan: RoutePlan) -> RoutePlan:
    """Without the credential, nor anything else that the config sends."""
    return replace(
        plan,
        provider=None,
        set_headers=b"",
        placing=None,
        passing=None,
        refusals=None,
        skewed=None,
        final=False,
        required_scope=None,
    )
