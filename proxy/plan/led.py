"""A route whose upstream the issuer names: `https://{upstream}/path`, filled from each token.

Owns: the route's plan for one token. Must not know: what an issuer may name (auth/reading/upstream.py has judged it),
requests.
"""

from __future__ import annotations

from dataclasses import field, replace

from proxy.auth.per_token import PerToken
from proxy.auth.reading.upstream import HOLE
from proxy.auth.token import Token
from proxy.errors import Fault
from proxy.plan.replies.links import Links
from proxy.plan.route import RoutePlan
from proxy.plan.target import Target
from proxy.values.record import record


@record
class Led:
    """`home` is the route's own plan, which leads nowhere by itself."""

    home: RoutePlan = field(repr=False)
    _made: PerToken[RoutePlan] = field(default_factory=PerToken, repr=False, compare=False)

    def plan(self, token: Token) -> RoutePlan:
        """Where requests with this token go. Raises Fault for one whose issuer has named nothing."""
        return self._made.get(token) or self._made.keep(token, self._of(token.upstream))

    def _of(self, upstream: str | None) -> RoutePlan:
        home = self.home
        if upstream is None:
            name = None if home.provider is None else home.provider.name
            raise Fault("token_unavailable", "the issuer has not said where the API is", provider=name)
        origin = home.target.origin
        url = home.upstream.replace(HOLE, upstream, 1)
        target = Target.parse(url, private=origin.private, identity=origin.identity)
        links = Links(target, home.links.prefix, home.links.slots, home.links.forwarded, home.links.kept)
        rewrite = None if home.rewrite is None else home.rewrite.led(links)
        return replace(home, target=target, upstream=url, links=links, rewrite=rewrite)
