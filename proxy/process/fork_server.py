"""A process that has loaded the code of workers, and forks one whenever it is asked: they share the pages of that code.

Owns: the fork, and what a worker must not have of its parent. Must not know: what a worker does; who asks (forks.py).

A fork is safe here since nothing else happens: no event loop, no thread, no config, no secret, no file; one socket by
which workers are asked for. When that closes this process ends, and so no signal ends it: one that a service manager
sends to all processes waits, blocked, and means nothing. A worker does not inherit it, and gets its own from its birth.

What has to differ between workers does: Python draws the numbers of `random` anew after a fork, OpenSSL its own, and
`secrets` asks the system each time (tests/process/test_fork_server.py). The seed of hashes is one for all.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress

ASK = b"\x01"
"""Fork a worker. The descriptor that comes with it is the worker's."""
FORKED, FAILED, ENDED = range(3)
NOTICE = struct.Struct("!Bii")
"""What is told: FORKED and a process id; FAILED and an errno; ENDED, a process id and its exit code."""

_NOT_OURS = frozenset(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2") if hasattr(signal, name)
)


class _Parent:
    """What this process has and a worker must not: the socket, and how it hears of workers that end."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.wakes, self._wake = socket.socketpair()
        self.wakes.setblocking(False)
        self._wake.setblocking(False)
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, _NOT_OURS)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)

    def tell(self, what: int, number: int, code: int = 0) -> None:
        self.control.sendall(NOTICE.pack(what, number, code))

    def leave(self) -> None:
        """In the worker. Signals last: they have their usual meaning from then on."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for end in (self.control, self.wakes, self._wake):
            end.close()
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)


def serve(control: socket.socket) -> int:
    """Back in each worker, with the descriptor that is its own; in this process, SystemExit when nobody can ask."""
    parent = _Parent(control)
    events = select.poll()
    events.register(control, select.POLLIN)
    events.register(parent.wakes, select.POLLIN)
    with suppress(OSError):  # whoever asked has gone between two words
        while True:
            readable = [descriptor for descriptor, _ in events.poll()]
            if parent.wakes.fileno() in readable:
                _tell_of_ended(parent)
            if control.fileno() not in readable:
                continue
            lifeline = _asked_for(control)
            if lifeline is None:
                break
            if _fork(parent) == 0:
                return lifeline
            os.close(lifeline)
    raise SystemExit(0)


def _asked_for(control: socket.socket) -> int | None:
    """None when nobody can ask any more."""
    _, descriptors, _, _ = socket.recv_fds(control, len(ASK), 1)
    if not descriptors:
        return None
    os.set_inheritable(descriptors[0], False)
    return descriptors[0]


def _fork(parent: _Parent) -> int:
    """0 in the worker. Here, what has come of it is told."""
    try:
        pid = os.fork()
    except OSError as error:
        parent.tell(FAILED, error.errno or 0)
        return -1
    if pid == 0:
        parent.leave()
    else:
        parent.tell(FORKED, pid)
    return pid


def _tell_of_ended(parent: _Parent) -> None:
    with suppress(BlockingIOError):
        while parent.wakes.recv(4096):
            pass
    for pid, code in _ended():
        parent.tell(ENDED, pid, code)


def _ended() -> Iterator[tuple[int, int]]:
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            yield pid, os.waitstatus_to_exitcode(status)
