"""The hosts that a provider lists beside its upstream's: which a name is, and whether it may see the credential.

Owns: how a name is held against the list. Must not know: routes, requests, replies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from proxy.auth.keys.provider import Host
from proxy.values.record import record

_NAME: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)+")
LONGEST: Final = 253
"""Characters of a name (RFC 1035 §2.3.4)."""


def is_name(text: str) -> bool:
    """Whether it is a name with a dot, in lower case: no address, and nothing that a search domain makes one."""
    return len(text) <= LONGEST and _NAME.fullmatch(text) is not None


@record
class Hosts:
    """`exact` and `below` say whether a host may see the credential; `below` are endings, with their dot."""

    exact: Mapping[str, bool]
    below: Mapping[str, bool]

    @classmethod
    def compile(cls, hosts: Iterable[Host]) -> Hosts:
        said = [(each.host, each.credential) for each in hosts]
        exact = {host: credential for host, credential in said if not host.startswith("*")}
        below = {host[1:]: credential for host, credential in said if host.startswith("*")}
        return cls(exact, below)

    def sees(self, name: str) -> bool | None:
        """Whether the host of this name, in lower case, may see the credential; None for one that is not listed. The
        longest ending counts.
        """
        if not is_name(name):
            return None
        if name in self.exact:
            return self.exact[name]
        endings = [ending for ending in self.below if name.endswith(ending) and len(name) > len(ending)]
        return self.below[max(endings, key=len)] if endings else None
