"""A process under test: started in a session of its own, on its own core; its CPU time and memory; its end.

Owns: everything that was started and /proc/PID of it. What is stopped is stopped by pid, never by name.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

TICKS = os.sysconf("SC_CLK_TCK")
STOP_SECONDS = 5.0


class StartError(Exception):
    """The message ends with the last line that the process wrote."""


@contextmanager
def pinned(cpus: set[int]) -> Iterator[None]:
    """Children started inside inherit these CPUs: pinning a running process would miss its threads."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Process:
    """`with Process(...)`: running inside, gone after, with everything that it started."""

    def __init__(self, argv: Sequence[str], cpus: set[int], log: Path, env: Mapping[str, str] | None = None) -> None:
        self._argv = list(argv)
        self._cpus = cpus
        self._env = {**os.environ, **(env or {})}
        self.log = log

    def __enter__(self) -> Self:
        with self.log.open("wb") as log, pinned(self._cpus):
            self._popen = subprocess.Popen(
                self._argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._env, start_new_session=True
            )
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._popen.pid

    def wait_listening(self, port: int, seconds: float, pause: float = 0.02) -> float:
        """Seconds until the port takes connections. Raises StartError."""
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            if self._popen.poll() is not None:
                raise StartError(f"{self._argv[0]} ended with {self._popen.returncode}: {self.last_words()}")
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
                return time.monotonic() - begun
            time.sleep(pause)
        raise StartError(f"{self._argv[0]} did not listen within {seconds:g} s: {self.last_words()}")

    def tell(self, number: signal.Signals) -> None:
        """To the leader of the session."""
        self._popen.send_signal(number)

    def last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "it printed nothing"

    def cpu_seconds(self) -> float:
        """User and system time of all processes of the session, so far."""
        return sum(cpu_ticks(stat) for stat in self._stats()) / TICKS

    def reset_peak(self) -> None:
        """From here on `peak_mib` counts anew."""
        for pid in self._pids():
            with suppress(OSError):
                Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")

    def peak_mib(self) -> float:
        return sum(_status_kib(pid, "VmHWM") for pid in self._pids()) / 1024

    def resident_mib(self) -> float:
        return sum(_status_kib(pid, "VmRSS") for pid in self._pids()) / 1024

    def stop(self) -> None:
        """SIGTERM to the leader; whatever of its session is left after a while is killed."""
        if self._popen.poll() is None:
            self._popen.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(STOP_SECONDS)
        for pid in self._pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._popen.wait()
        until = time.monotonic() + STOP_SECONDS
        while self._pids() and time.monotonic() < until:
            time.sleep(0.01)

    def _stats(self) -> Iterator[str]:
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with suppress(OSError):
                    stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
                    if session_of(stat) == self.pid:
                        yield stat

    def _pids(self) -> list[int]:
        return [int(stat.split(" ", 1)[0]) for stat in self._stats() if not is_zombie(stat)]


def session_of(stat: str) -> int:
    """The session of a /proc/PID/stat line; the command name in it may hold blanks and brackets."""
    return int(stat.rpartition(")")[2].split()[3])


def is_zombie(stat: str) -> bool:
    """Ended, and its parent has not asked yet how."""
    return stat.rpartition(")")[2].split()[0] in "ZX"


def cpu_ticks(stat: str) -> int:
    """utime + stime + those of children that ended and were waited for."""
    return sum(map(int, stat.rpartition(")")[2].split()[11:15]))


def _status_kib(pid: int, name: str) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
    return 0


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
