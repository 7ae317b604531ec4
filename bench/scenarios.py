"""What is measured: one row per scenario, in the order of the run: what the aims are about comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench import turns
from bench.load import Shot
from bench.peers import PEERS
from bench.peers.keyless import CLIENT_KEY, ORIGIN
from bench.peers.peer import Peer
from bench.site import Origin, Site, body
from bench.stand import Contender, Turn

JSON = {"Content-Type": "application/json"}
KEYED = {"Authorization": f"Bearer {CLIENT_KEY}", "Origin": ORIGIN}

GET = Shot("/get500")
POST = Shot("/post500", "POST", JSON, body(2048))
KEYED_GET = Shot("/get500", headers=KEYED)
JSON_2K = Shot("/json2k")
REPLY_64K = Shot("/reply64k")

ALL = tuple(PEERS)
FAST = tuple(name for name, peer in PEERS.items() if not peer.slow)
BULK = ("keyless", "naive", "envoy", "nginx")
STREAMING = ("direct", "keyless", "naive", "envoy", "nginx")
HOLDING = ("keyless", "naive", "envoy", "nginx", "haproxy")


@dataclass(frozen=True)
class Scenario:
    """`shot` warms up. `upstream` is fast, tls or api; `features` adds keyless with a feature beside the plain one."""

    name: str
    title: str
    peers: Sequence[str]
    turn: Turn
    shot: Shot | None = None
    upstream: str = "fast"
    features: Sequence[str] = ()
    plain: bool = True
    once: bool = False

    def contenders(self, peers: dict[str, Peer]) -> list[Contender]:
        chosen = [Contender(peers[name]) for name in self.peers if name in peers] if self.plain else []
        return chosen + [Contender(peers["keyless"], feature) for feature in self.features if "keyless" in peers]

    def origin(self, site: Site) -> Origin:
        return {"fast": site.fast, "tls": site.tls, "api": site.api}[self.upstream]


SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("get500", "500-byte JSON GET", ALL, turns.loop(GET, single=True), GET),
        Scenario("tls", "GET, TLS upstream", [*FAST[1:], "mitmproxy"], turns.loop(GET), GET, "tls"),
        Scenario(
            "guarded", "GET, client key and Origin", ["keyless"], turns.loop(KEYED_GET), KEYED_GET, features=["guarded"]
        ),
        Scenario(
            "refusal", "GET, rule reads a 2 KiB reply", ["keyless"], turns.loop(JSON_2K), JSON_2K, features=["refusal"]
        ),
        Scenario("sse500", "500 event streams", STREAMING, turns.streams(500), None, "api"),
        Scenario("idle", "idle connections", HOLDING, turns.idle, None, once=True),
        Scenario(
            "rotation", "token rotation", (), turns.rotation, None, "api", features=["rotation"], plain=False, once=True
        ),
        Scenario("down", "1 GiB down", BULK, turns.bulk("down", "/blob"), GET),
        Scenario("up", "1 GiB up", BULK, turns.bulk("up", "/sink"), None, "api"),
        Scenario("post2k", "2 KiB POST, 500-byte reply", FAST, turns.loop(POST), POST),
        Scenario("reply64k", "GET, 64 KiB reply", FAST, turns.loop(REPLY_64K), REPLY_64K),
        Scenario("sse200", "200 event streams", STREAMING, turns.streams(200), None, "api", once=True),
    )
}

START = "start"
