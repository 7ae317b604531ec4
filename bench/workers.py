"""Several workers: what one more takes of memory, and what a request costs with two of them.

Owns: pairs of turns, one worker's beside that of several, and which processes of a proxy are its workers. The load is
from the cores that the workers are on: they can't have one for themselves, and their costs are held against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median, stdev

from bench import load, turns
from bench.load import Shot
from bench.measure import Sample
from bench.stand import Contender, Running, Stand, started

PAIRS = 10
"""Per round: 30 in a whole run."""
SECONDS = 1


def pairs(shot: Shot) -> Callable[[Stand, Contender], Sample]:
    """`ratio` is the mean over the pairs, and with `ratio_give` more or less its 95 % interval. `worker_mib` is the
    largest worker's PSS at the end: its own memory, and its part of what it shares with the others.
    """

    def turn(stand: Stand, contender: Contender) -> Sample:
        cpus = stand.proxy_cpus | stand.load_cpus
        stand = replace(stand, proxy_cpus=cpus, load_cpus=cpus)
        with ExitStack() as stack:
            alone, several = (
                stack.enter_context(started(stand, replace(contender, feature=feature), stand.site.fast))
                for feature in ("", contender.feature)
            )
            for running in (alone, several):
                turns.warm_up(shot, load.CONNECTIONS)(stand, running)
            turned = [
                (_turn(stand, alone, shot), _turn(stand, several, shot)) for _ in range(PAIRS * stand.pace.rounds)
            ]
            return _compared(turned) | _memory(several)

    return turn


def _turn(stand: Stand, running: Running, shot: Shot) -> Sample:
    return turns.closed_loop(stand, running, shot, load.CONNECTIONS, SECONDS)


def _compared(turned: list[tuple[Sample, Sample]]) -> Sample:
    ratios = [several["cpu_us"] / alone["cpu_us"] for alone, several in turned]
    return {
        "alone_us": median(alone["cpu_us"] for alone, _ in turned),
        "several_us": median(several["cpu_us"] for _, several in turned),
        "ratio": fmean(ratios),
        "ratio_give": 1.96 * stdev(ratios) / len(ratios) ** 0.5,
        "requests": sum(several["rps"] * SECONDS for _, several in turned),
        "failed": sum(several["failed"] for _, several in turned),
    }


def _memory(running: Running) -> Sample:
    assert running.process is not None
    workers = [worker for forks in children(running.process.pid) for worker in children(forks)]
    sizes = [pss_mib(worker) for worker in workers]
    return {"workers": len(sizes), "worker_mib": max(sizes, default=0.0)}


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def pss_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
