"""The proxies that are compared: one module each, one row each in `PEERS`.

A peer says what it lacks, which version it is, and how it is started in front of an origin; it runs one worker.
"""

from __future__ import annotations

from bench.peers import caddy, direct, envoy, haproxy, keyless, litellm, mitmproxy, naive, nginx
from bench.peers.peer import Peer

PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        direct.PEER,
        keyless.PEER,
        envoy.PEER,
        nginx.PEER,
        nginx.LUA,
        haproxy.PEER,
        caddy.PEER,
        naive.PEER,
        keyless.SOURCES,
        mitmproxy.PEER,
        litellm.PEER,
    )
}
