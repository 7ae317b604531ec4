"""No proxy: the load goes straight to the upstream. The zero that added latency is counted from."""

from __future__ import annotations

from bench.peers.peer import Peer

PEER = Peer("direct", "no proxy", missing=lambda: None, version=lambda: "", command=None)
