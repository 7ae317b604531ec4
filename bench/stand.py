"""Peers in place: started for one scenario, measured by turns, stopped.

Owns: the order (warm up, then rounds in which every contender has its turn) and the time that a run may take.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import callgrind
from bench.callgrind import CountError
from bench.load import LoadError
from bench.measure import Sample
from bench.peers.peer import Peer, Setting
from bench.process import Process, StartError, free_port
from bench.site import GIB, Origin, Site


@dataclass(frozen=True)
class Pace:
    """How much of everything. `total` is the bound on the whole run, in seconds."""

    rounds: int = 3
    seconds: int = 2
    single_seconds: int = 1
    crowd_seconds: int = 5  # or opening the connections would be much of what is measured
    stream_seconds: int = 6
    starts: int = 5
    blob: int = GIB
    idle: int = 10_000
    busy: int = 9_500  # each may have one to the API as well: twice that fits what peers are set up for
    rotation_seconds: int = 10
    total: float = 870.0


QUICK = Pace(1, 1, 1, 2, 2, 2, GIB // 4, 2_000, 2_000, 4, 175.0)


@dataclass(frozen=True)
class Contender:
    """A peer in one role: keyless runs with and without a feature side by side. `secure`: it listens with TLS.
    `counted`: its instructions can be counted, and so it is slow.
    """

    peer: Peer
    feature: str = ""
    secure: bool = False
    counted: bool = False

    @property
    def label(self) -> str:
        return f"{self.peer.name}+{self.feature}" if self.feature else self.peer.name

    @property
    def start_seconds(self) -> float:
        return self.peer.start_seconds * (callgrind.SLOWER if self.counted else 1)


@dataclass(frozen=True)
class Running:
    """A contender that answers on `port`. `process` is None where there is no proxy; `folder` has its config."""

    contender: Contender
    process: Process | None
    port: int
    folder: Path

    @property
    def proxy(self) -> Process:
        """For turns of contenders that are one."""
        assert self.process is not None
        return self.process

    @property
    def url(self) -> str:
        scheme = "https" if self.contender.secure else "http"
        return f"{scheme}://127.0.0.1:{self.port}{self.contender.peer.prefix}"


@dataclass(frozen=True)
class Stand:
    """What all scenarios of a run share."""

    site: Site
    pace: Pace
    proxy_cpus: set[int]
    load_cpus: set[int]
    deadline: float

    @property
    def time_is_up(self) -> bool:
        return time.monotonic() > self.deadline


Turn = Callable[[Stand, Running], Sample]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def started(stand: Stand, contender: Contender, origin: Origin) -> Iterator[Running]:
    """Listening. Raises StartError."""
    with launched(stand, contender, origin) as running:
        if running.process is not None:
            running.process.wait_listening(running.port, contender.start_seconds)
        yield running


@contextmanager
def launched(stand: Stand, contender: Contender, origin: Origin) -> Iterator[Running]:
    """On its way to listening. Its folder has the contender's name, for who looks at what went wrong."""
    peer = contender.peer
    if peer.command is None:
        yield Running(contender, None, origin.port, stand.site.folder)
        return
    folder = Path(tempfile.mkdtemp(prefix=f"{contender.label}-", dir=stand.site.folder))
    setting = Setting(stand.site, folder, free_port(), origin, contender.feature, contender.secure)
    command = peer.command(setting)
    argv = callgrind.under(command.argv, folder) if contender.counted else command.argv
    with Process(argv, stand.proxy_cpus, folder / "log", command.env) as process:
        yield Running(contender, process, setting.port, folder)


def rounds(
    stand: Stand, contenders: Sequence[Contender], origin: Origin, warm_up: Turn | None, turn: Turn, count: int
) -> tuple[dict[str, list[Sample]], dict[str, str]]:
    """The samples per contender, and why those without any have none."""
    failures: dict[str, str] = {}
    with ExitStack() as stack:
        running = _start_all(stack, stand, contenders, origin, failures)
        if warm_up is not None:
            running = [each for each in running if _try(warm_up, stand, each, failures) is not None]
        samples: dict[str, list[Sample]] = {each.contender.label: [] for each in running}
        for number in range(count):
            for each in running:
                if number and each.contender.peer.once:
                    continue
                if stand.time_is_up:
                    say("  time is up: the rest of this scenario is left out")
                    return samples, failures
                sample = _try(turn, stand, each, failures)
                if sample is not None:
                    samples[each.contender.label].append(sample)
                    say(f"  {each.contender.label:>18}  {_line(sample)}")
    return samples, failures


def _start_all(
    stack: ExitStack, stand: Stand, contenders: Sequence[Contender], origin: Origin, failures: dict[str, str]
) -> list[Running]:
    running = []
    for contender in contenders:
        try:
            running.append(stack.enter_context(started(stand, contender, origin)))
        except StartError as error:
            failures[contender.label] = str(error)
            say(f"  {contender.label}: {error}")
    return running


def _try(turn: Turn, stand: Stand, running: Running, failures: dict[str, str]) -> Sample | None:
    try:
        return turn(stand, running)
    except (CountError, LoadError, OSError) as error:
        failures[running.contender.label] = str(error)
        say(f"  {running.contender.label}: {error}")
        return None


def _line(sample: Sample) -> str:
    return "  ".join(f"{name} {value:,.1f}" for name, value in sample.items())
