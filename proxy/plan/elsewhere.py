"""Other hosts that a route leads to, chosen by each call: `PREFIX/~files.example.com/path`.

Owns: which hosts those are, which of them may see the credential, and a route's plan for one of them. Must not know:
requests, tokens.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field, replace

from proxy.auth.hosts import Hosts
from proxy.auth.keys.provider import Host
from proxy.http.origin import Origin
from proxy.plan.headers import IDENTITY, set_lines
from proxy.plan.replies.links import Links
from proxy.plan.route import RoutePlan
from proxy.plan.target import Target
from proxy.values.record import record


@record
class Elsewhere:
    hosts: Hosts
    home: RoutePlan = field(repr=False)
    origin: Origin

    @classmethod
    def compile(cls, hosts: Iterable[Host], home: RoutePlan, origin: Origin) -> Elsewhere:
        """`home` is the route's own plan; all but the name is as in `origin`."""
        return cls(Hosts.compile(hosts), home, origin)

    def plan(self, host: bytes) -> RoutePlan | None:
        """What a request to this host is forwarded with, below its root; None for one that is not named."""
        name = host.lower().decode("latin-1")
        credential = self.hosts.sees(name)
        if credential is None:
            return None
        home = self.home if credential else _bare(self.home)
        origin = self.origin._replace(host=name)
        target = Target(
            origin if credential else origin._replace(identity=""), origin.host_header, b"", b"/", b"", None
        )
        links = Links(target, home.links.prefix + b"/~" + host.lower(), home.links.slots, home.links.forwarded)
        return replace(
            home, target=target, upstream=origin.url, links=links, keep_prefix=False, stand_in=None, led=None
        )


def _bare(plan: RoutePlan) -> RoutePlan:
    """Without the credential, nor anything else that the config sends."""
    bare = replace(plan, provider=None, placing=None, refusals=None, skewed=None, final=False, required_scope=None)
    asked = b"" if plan.rewrite is None else set_lines(IDENTITY)
    return replace(bare, set_headers=asked, challenged=None, passing=None)
