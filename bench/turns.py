"""One turn of one contender: load on, figures out.

Each function returns a turn for bench/stand.py. CPU is that of the proxy's processes over the load's own requests.
"""

from __future__ import annotations

import ssl
import sys
import time
import urllib.request
from pathlib import Path

from bench import load
from bench.api import EVENTS_PER_SECOND
from bench.load import LoadError, Shot
from bench.measure import Sample, percentile
from bench.stand import Contender, Running, Stand, Turn, started

SETTLE = 1.0
ENOUGH = 0.95
FIRST_ANSWER = 30.0  # some need a while between listening and answering


def warm_up(shot: Shot, connections: int = 8) -> Turn:
    """A second of load; a contender that fails it has no business in the rounds."""

    def turn(stand: Stand, running: Running) -> Sample:
        first = ask(running, shot, stand.site.authority)
        if not first.startswith("200 "):
            raise LoadError(f"answered {first}")
        outcome = load.fire(shot, running.url, stand.site.folder, stand.load_cpus, connections=connections, seconds=1)
        if outcome.failed:
            raise LoadError(f"{outcome.failed} of {outcome.requests} requests failed in the warm-up")
        return {}

    return turn


def loop(shot: Shot, *, single: bool = False, seconds: int | None = None) -> Turn:
    """The closed loop of 32 connections; with `single` also one connection, for the latency that the proxy adds."""

    def turn(stand: Stand, running: Running) -> Sample:
        sample = closed_loop(stand, running, shot, load.CONNECTIONS, seconds or stand.pace.seconds)
        if single:
            folder, cpus = stand.site.folder, stand.load_cpus
            alone = load.fire(shot, running.url, folder, cpus, connections=1, seconds=stand.pace.single_seconds)
            sample["alone_p50_us"], sample["alone_p99_us"] = alone.p50, alone.p99
        return sample

    return turn


def crowd(shot: Shot, connections: int) -> Turn:
    """The closed loop of many connections; `few_cpu_us` is the cost with 32, measured right before."""

    def turn(stand: Stand, running: Running) -> Sample:
        few = closed_loop(stand, running, shot, load.CONNECTIONS, max(1, stand.pace.seconds // 2))
        sample = closed_loop(stand, running, shot, connections, stand.pace.crowd_seconds)
        if "cpu_us" in few:
            sample["few_cpu_us"] = few["cpu_us"]
        return sample

    return turn


def closed_loop(stand: Stand, running: Running, shot: Shot, connections: int, seconds: int) -> Sample:
    process = running.process
    before = 0.0
    if process is not None:
        process.reset_peak()
        before = process.cpu_seconds()
    outcome = load.fire(shot, running.url, stand.site.folder, stand.load_cpus, connections=connections, seconds=seconds)
    sample = {"rps": outcome.requests / outcome.seconds, "p50_us": outcome.p50, "p99_us": outcome.p99}
    sample["failed"] = outcome.failed
    if process is not None:
        sample["cpu_us"] = (process.cpu_seconds() - before) / outcome.requests * 1e6
        sample["peak_mib"] = process.peak_mib()
    return sample


def bulk(direction: str, path: str) -> Turn:
    def turn(stand: Stand, running: Running) -> Sample:
        process = running.process
        before = 0.0
        if process is not None:
            process.reset_peak()
            before = process.cpu_seconds()
        argv = [sys.executable, "-m", "bench.clients.bulk", direction, str(running.port)]
        argv += [running.contender.peer.prefix + path, str(stand.pace.blob)]
        report = load.run_staged(argv, stand.load_cpus, 90.0, lambda: None)
        sample = {"mib_s": report["mib_s"]}
        if process is not None:
            sample["cpu_s"] = process.cpu_seconds() - before
            sample["peak_mib"] = process.peak_mib()
        return sample

    return turn


def streams(count: int) -> Turn:
    """`late_*` is from sending to arrival, in milliseconds; `core` the share of a core that the proxy used."""

    def turn(stand: Stand, running: Running) -> Sample:
        process, seconds = running.process, stand.pace.stream_seconds
        at_ready: list[float] = []
        if process is not None:
            process.reset_peak()

        def ready() -> None:
            at_ready[:] = [process.cpu_seconds() if process is not None else 0.0, time.monotonic()]

        argv = [sys.executable, "-m", "bench.clients.streams", str(running.port)]
        argv += [running.contender.peer.prefix + "/sse", str(count), str(seconds)]
        report = load.run_staged(argv, stand.load_cpus, seconds + 60.0, ready)
        if report["events"] < ENOUGH * count * EVENTS_PER_SECOND * seconds:
            raise LoadError(f"only {report['events']} events came, {report['lost']} streams ended")
        sample = {"late_p50_ms": report["p50"], "late_p99_ms": report["p99"], "late_max_ms": report["max"]}
        sample["events_s"], sample["lost"] = report["events"] / seconds, report["lost"]
        if process is not None:
            sample["core"] = (process.cpu_seconds() - at_ready[0]) / (time.monotonic() - at_ready[1])
            sample["peak_mib"] = process.peak_mib()
        return sample

    return turn


def idle(stand: Stand, running: Running) -> Sample:
    """Memory while many answered connections wait."""
    sample: Sample = {}
    process = running.process
    empty = process.resident_mib() if process is not None else 0.0

    def ready() -> None:
        time.sleep(SETTLE)
        if process is not None:
            sample["resident_mib"] = process.resident_mib()
            sample["kib_each"] = (sample["resident_mib"] - empty) * 1024 / stand.pace.idle

    argv = [sys.executable, "-m", "bench.clients.idle", str(running.port)]
    argv += [running.contender.peer.prefix + "/get500", str(stand.pace.idle), str(2 * SETTLE)]
    report = load.run_staged(argv, stand.load_cpus, 90.0, ready)
    if report["answered"] < stand.pace.idle or report["lost"]:
        raise LoadError(f"{report['answered']} of {stand.pace.idle} connections answered, {report['lost']} lost")
    sample["answered"], sample["lost"] = report["answered"], report["lost"]
    return sample


def at_rest(shot: Shot) -> Turn:
    """Memory of a proxy that has answered once and has nothing to do."""

    def turn(stand: Stand, running: Running) -> Sample:
        first = ask(running, shot, stand.site.authority)
        if not first.startswith("200 "):
            raise LoadError(f"answered {first}")
        time.sleep(SETTLE)
        return {"resident_mib": running.proxy.resident_mib()}

    return turn


def rotation(stand: Stand, running: Running) -> Sample:
    """Load while the token changes every second and only the newest two are good."""
    before = _minted(stand)
    seconds = stand.pace.rotation_seconds
    outcome = load.fire(
        Shot("/rotating"),
        running.url,
        stand.site.folder,
        stand.load_cpus,
        connections=load.CONNECTIONS,
        seconds=seconds,
    )
    return {"requests": outcome.requests, "failed": outcome.failed, "minted": _minted(stand) - before}


def start(stand: Stand, contender: Contender) -> Sample:
    """From the command to a listening port: the median of some starts."""
    times = []
    for _ in range(stand.pace.starts):
        begun = time.monotonic()
        with started(stand, contender, stand.site.fast):
            times.append(time.monotonic() - begun)
    return {"start_s": percentile(times, 50), "slowest_s": max(times)}


def _minted(stand: Stand) -> int:
    with urllib.request.urlopen(f"{stand.site.api.url}/minted", timeout=5) as reply:
        return int(reply.read())


def ask(running: Running, shot: Shot, authority: Path) -> str:
    """One request, and what came: the status and the beginning of the body, or why there is none."""
    trust = ssl.create_default_context(cafile=authority) if running.contender.secure else None
    request = urllib.request.Request(running.url + shot.path, shot.body or None, dict(shot.headers), method=shot.method)
    try:
        with urllib.request.urlopen(request, timeout=FIRST_ANSWER, context=trust) as reply:
            return f"{reply.status} {reply.read(200)!r}"
    except OSError as error:
        return f"{error} {getattr(error, 'read', bytes)()[:200]!r}"
