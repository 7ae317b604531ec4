"""What is measured: one row per scenario, in the order of the run: what the aims are about comes first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench import callgrind, counted, fresh, growth, turns, workers
from bench.load import Shot
from bench.measure import Sample
from bench.peers import PEERS
from bench.peers.features import CLIENT_KEY, ONE_OF_PROVIDERS, ONE_OF_ROUTES, ORIGIN
from bench.peers.peer import Peer
from bench.site import Origin, Site, body
from bench.stand import Contender, Pace, Stand, Turn

JSON = {"Content-Type": "application/json"}
KEYED = {"Authorization": f"Bearer {CLIENT_KEY}", "Origin": ORIGIN}

GET = Shot("/get500")
POST = Shot("/post500", "POST", JSON, body(2048))
KEYED_GET = Shot("/get500", headers=KEYED)
ROUTED_GET = Shot(f"{ONE_OF_ROUTES}/get500?page=1")
PROVIDED_GET = Shot(f"{ONE_OF_PROVIDERS}/get500")
JSON_2K = Shot("/json2k")
REPLY_64K = Shot("/reply64k")

ALL = tuple(PEERS)
PROXIES = tuple(name for name, peer in PEERS.items() if peer.command is not None and not peer.slow)
FASTEST = ("keyless", "envoy", "nginx", "haproxy")
BULK = ("keyless", "envoy", "nginx")
STREAMING = ("direct", "keyless", "envoy", "nginx")
STARTING = ("direct", "keyless", "envoy")
RESTING = ("keyless", "keyless-sources", "naive", "envoy", "nginx", "haproxy", "caddy")
CROWDED = ("keyless", "nginx")


@dataclass(frozen=True)
class Scenario:
    """`shot` warms up, on so many `connections`. `upstream` is fast, tls or api; `features` adds keyless with a feature
    beside the plain one; `secure` asks for TLS listeners; `counted` has instructions counted. Each round of the run is
    `times` rounds here. `slow` ones are left out of a quick run unless named.
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
    times: int = 1
    connections: int = 8
    secure: bool = False
    counted: bool = False
    slow: bool = False

    @property
    def warm_up(self) -> Turn | None:
        if self.counted and self.shot is not None:
            return counted.warm_up(self.shot)
        return turns.warm_up(self.shot, self.connections) if self.shot is not None else None

    def missing(self) -> str | None:
        """Why it can't be measured here."""
        return callgrind.missing() if self.counted else None

    def rounds(self, pace: Pace) -> int:
        return 1 if self.once else pace.rounds * self.times

    def contenders(self, peers: dict[str, Peer]) -> list[Contender]:
        names = [name for name in self.peers if name in peers] if self.plain else []
        roles = [(name, "") for name in names]
        roles += [("keyless", feature) for feature in self.features if "keyless" in peers]
        return [Contender(peers[name], feature, self.secure, self.counted) for name, feature in roles]

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
    """What is measured of keyless from its command on; `turn` starts it. `asked`: only if it is named."""

    name: str
    title: str
    turn: Callable[[Stand, Contender], Sample]
    feature: str = ""
    slow: bool = False
    asked: bool = False


STARTS: dict[str, Start] = {
    start.name: start
    for start in (
        Start("start", "from the command to a listening port", turns.start),
        Start(
            "first-answer", "from listening to an answer, 2,000 issuers", growth.first_answer, "2000-issuers", slow=True
        ),
        Start("make-run", "from `make run` in a fresh clone to an answer", fresh.first_answer, asked=True),
        Start("workers", "two workers, load from their own cores", workers.pairs(GET), "2-workers"),
    )
}

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("get500", "500-byte JSON GET", ALL, turns.loop(GET, single=True), GET),
        Scenario(
            "instructions",
            "500-byte JSON GET",
            ["keyless", "keyless-sources"],
            counted.instructions(GET),
            GET,
            once=True,
            counted=True,
        ),
        Scenario("memory", "one worker at rest", RESTING, turns.at_rest(GET), once=True),
        Scenario(
            "policies",
            "GET with a client's key and an Origin",
            ["keyless"],
            turns.loop(KEYED_GET, seconds=1),  # more and shorter turns: what is looked for is a small difference
            KEYED_GET,
            features=["all-on", "all-off"],
            times=2,
        ),
        Scenario(
            "policies-counted",
            "GET with a client's key and an Origin",
            (),
            counted.instructions(KEYED_GET),
            KEYED_GET,
            features=["all-on", "all-off"],
            plain=False,
            once=True,
            counted=True,
            slow=True,
        ),
        Scenario("tls", "GET, TLS upstream", PROXIES, turns.loop(GET), GET, "tls"),
        Scenario("post2k", "2 KiB POST, 500-byte reply", FASTEST, turns.loop(POST), POST),
        Scenario("tls-listener", "GET, TLS listener", FASTEST, turns.loop(GET), GET, secure=True),
        Scenario("first-byte", "32 streams start per second", STARTING, growth.first_bytes, GET, "api", once=True),
        _crowd(1000),
        _crowd(2000),
        Scenario(
            "refusal", "GET, rule reads a 2 KiB reply", ["keyless"], turns.loop(JSON_2K), JSON_2K, features=["refusal"]
        ),
        Scenario(
            "rotation", "token rotation", (), turns.rotation, None, "api", features=["rotation"], plain=False, once=True
        ),
        Scenario("idle", "idle connections", FASTEST, turns.idle, None, once=True),
        Scenario("down", "1 GiB down", BULK, turns.bulk("down", "/blob"), GET),
        Scenario("up", "1 GiB up", BULK, turns.bulk("up", "/sink"), None, "api"),
        Scenario("sse500", "500 event streams", STREAMING, turns.streams(500), None, "api", once=True),
        Scenario(
            "routes",
            "GET with a query, few routes and many",
            (),
            turns.loop(ROUTED_GET, seconds=1),
            ROUTED_GET,
            features=["10-routes", "10000-routes"],
            plain=False,
        ),
        Scenario(
            "providers",
            "GET, few providers and many",
            (),
            turns.loop(PROVIDED_GET, seconds=1),
            PROVIDED_GET,
            features=["10-providers", "2000-providers"],
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
        Scenario(
            "after-busy",
            "once busy connections",
            ["keyless"],
            growth.busy_then_idle,
            GET,
            features=["image"],
            once=True,
            slow=True,
        ),
        Scenario("reply64k", "GET, 64 KiB reply", FASTEST, turns.loop(REPLY_64K, seconds=1), REPLY_64K),
    )
}
