"""Turns that show what grows: with the config, with clients that don't read or were many, with streams that start.

As in bench/turns.py each function is, or returns, a turn.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import time
from contextlib import suppress

from bench import load, turns
from bench.load import LoadError, Shot
from bench.measure import Sample, percentile
from bench.peers.features import FRESH, ONE_OF_ISSUERS, with_fresh_route
from bench.peers.keyless import CONFIG
from bench.process import StartError
from bench.stand import Contender, Running, Stand, Turn, launched

UNREAD = 200
BURSTS = 3
GIVING_BACK = 25.0
"""Seconds from the end of the last connection: memory may be given back by a timer."""
STARTS_PER_SECOND = 32
LOOK = 0.005
START_SECONDS = 60.0


def first_answer(stand: Stand, contender: Contender) -> Sample:
    """From listening to the answer to a request that was there from then on: the median of some starts."""
    starts, answers, costs = [], [], []
    for _ in range(max(1, stand.pace.starts // 2)):
        begun = time.monotonic()
        with launched(stand, contender, stand.site.fast) as running:
            sock = _connection(running)
            since, before = time.monotonic(), running.proxy.cpu_seconds()
            with sock:
                _answered(sock, running.port, ONE_OF_ISSUERS + "/get500")
            costs.append(running.proxy.cpu_seconds() - before)
            answers.append(time.monotonic() - since)
            starts.append(since - begun)
    medians = {"answer_s": answers, "answer_cpu_s": costs, "start_s": starts}
    return {name: percentile(values, 50) for name, values in medians.items()} | {"slowest_s": max(answers)}


def _connection(running: Running) -> socket.socket:
    """As soon as there can be one. Raises StartError."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", running.port), turns.FIRST_ANSWER)
        time.sleep(LOOK)
    raise StartError(f"did not listen within {START_SECONDS:g} s: {running.proxy.last_words()}")


def _answered(sock: socket.socket, port: int, path: str) -> None:
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    try:
        status = sock.recv(12, socket.MSG_WAITALL)
    except TimeoutError:
        raise StartError(f"did not answer within {turns.FIRST_ANSWER:g} s") from None
    if status != b"HTTP/1.1 200":
        raise StartError(f"answered {status!r}")


def reload(shot: Shot) -> Turn:
    """`pause_ms` is the longest that a client waited which asks every 5 ms, `calm_ms` the same after it.

    `reload_s` is until the new config counts; `cpu_s` what the proxy used for it, and for the client meanwhile.
    """

    def turn(stand: Stand, running: Running) -> Sample:
        process, file = running.proxy, running.folder / CONFIG
        changed = running.folder / "changed.yaml"
        changed.write_text(with_fresh_route(file), encoding="utf-8")

        before: list[float] = []

        def ready() -> None:
            before.append(process.cpu_seconds())
            changed.replace(file)
            process.tell(signal.SIGHUP)

        argv = [sys.executable, "-m", "bench.clients.pulse", str(running.port), shot.path, FRESH + shot.path]
        report = load.run_staged([*argv, json.dumps(dict(shot.headers))], stand.load_cpus, 120.0, ready)
        return {**report, "cpu_s": process.cpu_seconds() - before[0]}

    return turn


def unread(stand: Stand, running: Running) -> Sample:
    """Memory while clients don't read what they asked for."""
    process = running.proxy
    before, sample = process.resident_mib(), Sample()

    def ready() -> None:
        time.sleep(turns.SETTLE)
        sample["resident_mib"] = process.resident_mib()
        sample["kib_each"] = (sample["resident_mib"] - before) * 1024 / UNREAD

    argv = [sys.executable, "-m", "bench.clients.unread", str(running.port)]
    argv += [running.contender.peer.prefix + "/blob", str(UNREAD), str(2 * turns.SETTLE)]
    report = load.run_staged(argv, stand.load_cpus, 60.0, ready)
    if report["begun"] < UNREAD:
        raise LoadError(f"only {report['begun']} of {UNREAD} replies began")
    return sample


def busy_then_idle(stand: Stand, running: Running) -> Sample:
    """Memory before many connections were busy, and after they have gone."""
    process = running.proxy
    sample = {"before_mib": process.resident_mib()}
    process.reset_peak()

    def ready() -> None:
        sample["peak_mib"] = process.peak_mib()
        time.sleep(GIVING_BACK)
        sample["after_mib"] = process.resident_mib()

    argv = [sys.executable, "-m", "bench.clients.burst", str(running.port), running.contender.peer.prefix + "/get500"]
    argv += [str(stand.pace.busy), str(BURSTS), str(GIVING_BACK + turns.SETTLE)]
    report = load.run_staged(argv, stand.load_cpus, 90.0, ready)
    return sample | {"connections": report["connections"], "failed": report["failed"]}


def first_bytes(stand: Stand, running: Running) -> Sample:
    """How late the first event of a stream is, in milliseconds, while streams start and end."""
    seconds = 2 * stand.pace.stream_seconds
    argv = [sys.executable, "-m", "bench.clients.starts", str(running.port)]
    argv += [running.contender.peer.prefix + "/sse?at-once", str(STARTS_PER_SECOND), str(seconds)]
    report = load.run_staged(argv, stand.load_cpus, seconds + 30.0, lambda: None)
    if report["answered"] < report["started"]:
        raise LoadError(f"only {report['answered']} of {report['started']} streams began")
    return {"late_p50_ms": report["p50"], "late_p99_ms": report["p99"], "late_max_ms": report["max"]}
