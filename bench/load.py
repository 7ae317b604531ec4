"""Requests in a closed loop: wrk where it is installed, else bench/clients/loop.py with the same report.

Owns: what a request of the load looks like, and how a report is read. Must not know: proxies.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.process import pinned

CONNECTIONS = 32
GRACE = 20.0


class LoadError(Exception):
    """The generator itself broke; the message has its last words."""


@dataclass(frozen=True)
class Shot:
    """The request that is sent again and again."""

    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Outcome:
    """`failed` counts statuses above 399 and broken connections; times are in microseconds."""

    requests: int
    seconds: float
    failed: int
    p50: float
    p99: float


def generator() -> str:
    return "wrk" if shutil.which("wrk") else "bench/clients/loop.py (wrk is not installed)"


def fire(shot: Shot, url: str, folder: Path, cpus: set[int], *, connections: int, seconds: int) -> Outcome:
    """`url` is scheme, authority and prefix; the shot's path follows. Raises LoadError."""
    if shutil.which("wrk"):
        script = folder / "shot.lua"
        script.write_text(wrk_script(shot), encoding="utf-8")
        argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "10", "-s", str(script), url + shot.path]
    else:
        headers = json.dumps(dict(shot.headers))
        argv = [sys.executable, "-m", "bench.clients.loop", url + shot.path, shot.method, headers]
        argv += [str(len(shot.body)), str(connections), str(seconds)]
    return parse(run_client(argv, cpus, seconds + GRACE))


def run_client(argv: list[str], cpus: set[int], seconds: float) -> str:
    """What a client process printed. Raises LoadError."""
    try:
        with pinned(cpus):
            done = subprocess.run(argv, capture_output=True, timeout=seconds, check=True, text=True)
    except subprocess.CalledProcessError as error:
        raise LoadError(f"{argv[0]}: {_last_line(error.stderr or error.stdout)}") from None
    except subprocess.TimeoutExpired:
        raise LoadError(f"{argv[0]} did not end within {seconds:g} s") from None
    return done.stdout


def run_staged(argv: list[str], cpus: set[int], seconds: float, ready: Callable[[], None]) -> dict[str, Any]:
    """Run a client that says READY, then works on, then reports. Raises LoadError."""
    with pinned(cpus):
        client = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    watchdog = threading.Timer(seconds, client.kill)
    watchdog.start()
    try:
        assert client.stdout is not None
        for line in client.stdout:
            if line.startswith("READY"):
                ready()
            elif line.startswith("REPORT "):
                return dict(json.loads(line.removeprefix("REPORT ")))
        client.wait()
        raise LoadError(f"{' '.join(argv[1:4])}: {_last_line(client.stderr.read() if client.stderr else '')}")
    finally:
        watchdog.cancel()
        client.kill()
        client.communicate()


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1][:300]


def wrk_script(shot: Shot) -> str:
    """Only `done` is defined: a Lua function per request would slow wrk down."""
    lines = [f'wrk.method = "{shot.method}"']
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in shot.headers.items()]
    if shot.body:
        lines.append(f"wrk.body = [[{shot.body.decode('ascii')}]]")
    return "\n".join(lines) + _DONE


_DONE = """
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'REPORT {"requests": %d, "seconds": %.6f, "failed": %d, "p50": %.1f, "p99": %.1f}\\n',
    summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


def parse(printed: str) -> Outcome:
    """Raises LoadError if there is no report in it, or nothing was answered."""
    for line in printed.splitlines():
        if line.startswith("REPORT "):
            outcome = Outcome(**json.loads(line.removeprefix("REPORT ")))
            if outcome.requests == 0:
                raise LoadError("not one request was answered")
            return outcome
    raise LoadError(f"no report in what the generator printed: {printed[-300:]!r}")
