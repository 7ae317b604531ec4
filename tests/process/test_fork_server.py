"""What forks workers, as a process of its own: what a worker has of it, what it has not, and when each ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from proxy.process.fork_server import ASK, ENDED, FORKED, NOTICE

PATIENCE = 30
ROOT = Path(__file__).parent.parent.parent

PROGRAM = f"""
import json, os, random, secrets, signal, socket, ssl, sys, time, uuid
sys.path.insert(0, {str(ROOT)!r})
from proxy.process.fork_server import serve
random.random(); uuid.uuid4(); ssl.RAND_bytes(8)
lifeline = socket.socket(fileno=serve(socket.socket(fileno=int(sys.argv[1]))))

def tell(**told):
    lifeline.sendall(json.dumps(told).encode() + b"\\n")

def wait():
    try:
        lifeline.recv(1)
    except ConnectionError:
        pass

def is_open(descriptor):
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
"""


class Server:
    """`ask` it for workers; `notice` is the next word of it."""

    def __init__(self, popen: subprocess.Popen[bytes], control: socket.socket) -> None:
        self.popen = popen
        self.control = control
        self.lifelines: list[socket.socket] = []

    def ask(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        self.lifelines.append(ours)
        ours.settimeout(PATIENCE)
        with theirs:
            socket.send_fds(self.control, [ASK], [theirs.fileno()])
        return ours

    def notice(self) -> tuple[int, int, int]:
        what, number, code = NOTICE.unpack(self.control.recv(NOTICE.size, socket.MSG_WAITALL))
        return what, number, code

    def forked(self) -> int:
        what, pid, _ = self.notice()
        assert what == FORKED
        return pid


@contextmanager
def server(does: str, *options: str) -> Iterator[Server]:
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE)
    with ours:
        with theirs:
            argv = [sys.executable, *options, "-c", PROGRAM + does, str(theirs.fileno())]
            popen = subprocess.Popen(argv, pass_fds=(theirs.fileno(),))
        running = Server(popen, ours)
        yield running
        ours.close()
        for lifeline in running.lifelines:
            lifeline.close()
        assert popen.wait(PATIENCE) == 0, "nobody can ask any more"


def told(lifeline: socket.socket) -> Any:
    with lifeline.makefile("rb") as lines:
        return json.loads(lines.readline())


def test_workers_draw_other_numbers_than_each_other() -> None:
    does = (
        "tell(random=random.random(), secret=secrets.token_hex(8), uuid=uuid.uuid4().hex, tls=ssl.RAND_bytes(8).hex())"
    )
    with server(does) as running:
        numbers = [told(running.ask()) for _ in range(3)]
    for kind in ("random", "secret", "uuid", "tls"):
        assert len({each[kind] for each in numbers}) == 3, kind


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_worker_has_its_own_descriptor_and_no_other() -> None:
    """Not the socket by which workers are asked for, nor those of its siblings: their ends would not be heard."""
    does = "tell(own=lifeline.fileno(), has=list(filter(is_open, map(int, os.listdir('/proc/self/fd'))))); wait()"
    with server(does) as running:
        for lifeline in [running.ask() for _ in range(3)]:
            worker = told(lifeline)
            assert sorted(worker["has"]) == [0, 1, 2, worker["own"]]


def test_a_worker_hears_signals_and_its_children_as_any_process_does() -> None:
    does = """
watched = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
tell(blocked=sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())), wakes=signal.set_wakeup_fd(-1),
     usual=[signal.getsignal(each) in (signal.SIG_DFL, signal.default_int_handler) for each in watched])
"""
    with server(does) as running:
        assert told(running.ask()) == {"blocked": [], "wakes": -1, "usual": [True] * 4}


def test_a_signal_right_after_the_fork_is_not_lost() -> None:
    with server("wait()") as running:
        for _ in range(20):
            running.ask()
            pid = running.forked()
            os.kill(pid, signal.SIGTERM)
            assert running.notice() == (ENDED, pid, -signal.SIGTERM)


def test_signals_to_all_processes_do_not_end_it() -> None:
    """A service manager sends them: workers drain, and until then their ends are heard of."""
    with server("wait()") as running:
        lifeline = running.ask()
        pid = running.forked()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            running.popen.send_signal(number)
        lifeline.close()
        assert running.notice() == (ENDED, pid, 0)
        running.ask().close()
        running.forked()


@pytest.mark.parametrize(("does", "code"), [("sys.exit(3)", 3), ("os.kill(os.getpid(), signal.SIGKILL)", -9), ("", 0)])
def test_how_a_worker_ended_is_told(does: str, code: int) -> None:
    with server(does) as running:
        running.ask()
        pid = running.forked()
        assert running.notice() == (ENDED, pid, code)


def test_workers_outlive_it() -> None:
    with server("tell(pid=os.getpid()); wait(); tell(alive=True)") as running:
        lifeline = running.ask()
        told(lifeline)
        running.popen.kill()
        running.popen.wait(PATIENCE)
        lifeline.send(b"x")
        assert told(lifeline) == {"alive": True}
        running.popen.returncode = 0


@pytest.mark.parametrize("leave", [lambda control: control.close(), lambda control: control.shutdown(socket.SHUT_WR)])
def test_it_ends_when_nobody_can_ask(leave: Callable[[socket.socket], None]) -> None:
    with server("wait()") as running:
        running.ask()
        running.forked()
        leave(running.control)
        assert running.popen.wait(PATIENCE) == 0


def test_no_warning_of_threads() -> None:
    """Python 3.12 and later warn where a process with threads forks."""
    with server("tell(ok=True)", "-W", "error") as running:
        assert told(running.ask()) == {"ok": True}
