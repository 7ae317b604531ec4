"""Turns that count instead of timing: user-space instructions per request, which neighbours don't change.

As in bench/turns.py each function returns a turn; its contender runs under callgrind.
"""

from __future__ import annotations

import json
import sys

from bench import callgrind, load, turns
from bench.load import LoadError, Shot
from bench.measure import Sample
from bench.stand import Running, Stand, Turn

FEW, MANY = 5, 85
"""Requests on each of the connections. What is between the two counts is requests alone: no start, no connecting."""


def warm_up(shot: Shot) -> Turn:
    """The first count has what is done once, too, and is left out."""
    plain = turns.warm_up(shot)

    def turn(stand: Stand, running: Running) -> Sample:
        plain(stand, running)
        callgrind.begin(running.proxy.pid)
        _counted(stand, running, shot, FEW)
        return {}

    return turn


def instructions(shot: Shot) -> Turn:
    def turn(stand: Stand, running: Running) -> Sample:
        few, many = (_counted(stand, running, shot, requests) for requests in (FEW, MANY))
        return {"instructions": (many - few) / (load.CONNECTIONS * (MANY - FEW))}

    return turn


def _counted(stand: Stand, running: Running, shot: Shot, requests: int) -> int:
    """Of so many requests on each connection, and what goes with them. Raises LoadError, CountError."""
    path, headers = running.contender.peer.prefix + shot.path, json.dumps(dict(shot.headers))
    argv = [sys.executable, "-m", "bench.clients.lockstep", str(running.port), path, headers]
    argv += [str(load.CONNECTIONS), str(requests)]
    report = load.run_staged(argv, stand.load_cpus, 120.0, lambda: None)
    if report["good"] < report["requests"]:
        raise LoadError(f"only {report['good']} of {report['requests']} requests were answered with a 200")
    return callgrind.count(running.proxy.pid, running.folder)
