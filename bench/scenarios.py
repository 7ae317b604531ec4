"""What is measured: one row per scenario, in the order of the run: what the aims are about comes first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench import growth, turns, workers
from bench.load import Shot
from bench.measure import Sample
from bench.peers import PEERS
from bench.peers.features import CLIENT_KEY, ONE_OF_ROUTES, ORIGIN
from bench.peers.peer import Peer
from bench.site import Origin, Site, body
from bench.stand import Contender, Stand, Turn

JSON = {"Content-Type": "application/json"}
KEYED = {"Authorization": f"Bearer {CLIENT_KEY}", "Origin": ORIGIN}

GET = Shot("/get500")
POST = Shot("/post500", "POST", JSON, body(2048))
KEYED_GET = Shot("/get500", headers=KEYED)
ROUTED_GET = Shot(f"{ONE_OF_ROUTES}/get500?page=1")
JSON_2K = Shot("/json2k")
REPLY_64K = Shot("/reply64k")

ALL = tuple(PEERS)
FAST = tuple(name for name, peer in PEERS.items() if not peer.slow)
BULK = ("keyless", "naive", "envoy", "nginx")
STREAMING = ("direct", "keyless", "naive", "envoy", "nginx")
STARTING = ("direct", "keyless", "envoy")
HOLDING = ("keyless", "naive", "envoy", "nginx", "haproxy")
CROWDED = ("keyless", "nginx")
SECURE = ("keyless", "envoy", "nginx", "haproxy")


@dataclass(frozen=True)
class Scenario:
    """`shot` warms up, on so many `connections`. `upstream` is fast, tls or api; `features` adds keyless with a feature
    beside the plain one; `secure` asks for TLS listeners. `slow` ones are left out of a quick run unless named.
    """

    name: str
    title: str
    peers: Sequence[str]
    turn: Turn
    shot: Shot | None = None
    upstream: str = "fast"
    features: Sequence[str] = ()
    plain: bool = True
    once: bool = False
    connections: int = 8
    secure: bool = False
    slow: bool = False

    @property
    def warm_up(self) -> Turn | None:
        return turns.warm_up(self.shot, self.connections) if self.shot is not None else None

    def contenders(self, peers: dict[str, Peer]) -> list[Contender]:
        names = [name for name in self.peers if name in peers] if self.plain else []
        chosen = [Contender(peers[name], secure=self.secure) for name in names]
        return chosen + [Contender(peers["keyless"], feature) for feature in self.features if "keyless" in peers]

    def origin(self, site: Site) -> Origin:
        return {"fast": site.fast, "tls": site.tls, "api": site.api}[self.upstream]


def _crowd(connections: int) -> Scenario:
    """Warmed up with all of them: opening them, and those to the API, is no part of a request's cost."""
    turn = turns.crowd(GET, connections)
    return Scenario(
        f"busy{connections}", f"{connections:,} busy connections", CROWDED, turn, GET, connections=connections
    )


@dataclass(frozen=True)
class Start:
    """What is measured of keyless from its command on; `turn` starts it."""

    name: str
    title: str
    turn: Callable[[Stand, Contender], Sample]
    feature: str = ""
    slow: bool = False


STARTS: dict[str, Start] = {
    start.name: start
    for start in (
        Start("start", "from the command to a listening port", turns.start),
        Start(
            "first-answer", "from listening to an answer, 2,000 issuers", growth.first_answer, "2000-issuers", slow=True
        ),
        Start("workers", "two workers, load from their own cores", workers.pairs(GET), "2-workers"),
    )
}

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
        _crowd(1000),
        _crowd(2000),
        Scenario(
            "routes",
            "GET with a query, 10,000 routes",
            (),
            turns.loop(ROUTED_GET),
            ROUTED_GET,
            features=["10-routes", "10000-routes"],
            plain=False,
        ),
        Scenario(
            "reload-routes",
            "reload of 10,000 routes",
            (),
            growth.reload(GET),
            GET,
            features=["10000-routes"],
            plain=False,
            once=True,
            slow=True,
        ),
        Scenario(
            "reload-clients",
            "reload of 10,000 clients",
            (),
            growth.reload(KEYED_GET),
            KEYED_GET,
            features=["10000-clients"],
            plain=False,
            once=True,
            slow=True,
        ),
        Scenario("unread", "200 clients that don't read", CROWDED, growth.unread, GET, once=True),
        Scenario("after-busy", "once busy connections", CROWDED, growth.busy_then_idle, GET, once=True, slow=True),
        Scenario("tls-listener", "GET, TLS listener", SECURE, turns.loop(GET), GET, secure=True),
        Scenario("first-byte", "32 streams start per second", STARTING, growth.first_bytes, GET, "api", once=True),
        Scenario("post2k", "2 KiB POST, 500-byte reply", FAST, turns.loop(POST), POST),
        Scenario("reply64k", "GET, 64 KiB reply", FAST, turns.loop(REPLY_64K), REPLY_64K),
        Scenario("sse200", "200 event streams", STREAMING, turns.streams(200), None, "api", once=True),
    )
}
