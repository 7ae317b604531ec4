"""The program has the terminal, the signals and the end to itself: real processes, a real terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.cli.conftest import PATIENCE, ROOT

RUN = """
import asyncio, os, sys
from proxy.cli.exec.child import Child, end_as
async def run():
    return await Child(sys.argv[1:], os.environ).ended()
sys.exit(end_as(asyncio.run(run())))
"""
SAYS = """
import os, signal, sys
def told(number, frame):
    os.write(1, f"got {signal.Signals(number).name}\\n".encode())  # print is not reentrant
for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT", "SIGWINCH"):
    signal.signal(getattr(signal, name), told)
print("ready", os.getpid(), flush=True)
for line in sys.stdin:
    print("read", line.strip(), flush=True)
    if line.strip() == "end":
        sys.exit(7)
"""


def python(program: str, *words: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(program), *words]


@pytest.fixture(autouse=True)
def path_of_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(python(RUN, *command), capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert "Traceback" not in done.stderr or command[0].startswith("no-"), done.stderr
    return done


@pytest.mark.parametrize("code", [0, 1, 77, 255])
def test_its_exit_code_is_ours(code: int) -> None:
    assert run("sh", "-c", f"exit {code}").returncode == code


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGINT", "SIGPIPE", "SIGSEGV"])
def test_its_end_by_a_signal_is_ours(name: str) -> None:
    assert run("sh", "-c", f"kill -{name.removeprefix('SIG')} $$").returncode == -getattr(signal, name)


def test_streams_are_handed_through() -> None:
    done = subprocess.run(python(RUN, "cat"), input=b"in and out", capture_output=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"in and out", b"")


def test_signals_that_python_ignores_are_its_own_again() -> None:
    """A program that goes on after its reader has left would never end."""
    done = run("sh", "-c", "grep SigIgn /proc/self/status")
    assert ignored(done.stdout) == 0


def ignored(line: str) -> int:
    """A bit per signal, those of the C library left out (proc_pid_status(5))."""
    return int(line.split()[1], 16) & 0x7FFFFFFF


@contextmanager
def talking(*command: str) -> Iterator[subprocess.Popen[str]]:
    """Without a terminal."""
    with subprocess.Popen(
        python(RUN, *command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as popen:
        assert popen.stdout is not None
        assert popen.stdout.readline().startswith("ready")
        yield popen


def test_signals_to_us_reach_it_once() -> None:
    with talking(*python(SAYS)) as popen:
        assert popen.stdout is not None
        assert popen.stdin is not None
        for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT", "SIGWINCH"):
            popen.send_signal(getattr(signal, name))
            assert popen.stdout.readline() == f"got {name}\n"
        popen.stdin.write("end\n")
        popen.stdin.flush()
        assert popen.stdout.readline() == "read end\n"
        assert popen.wait(PATIENCE) == 7


def test_what_was_ignored_stays_ignored() -> None:
    """As `nohup` does."""
    shell = 'trap "" HUP; exec "$@"'
    done = subprocess.run(
        ["sh", "-c", shell, "sh", *python(RUN, "sh", "-c", "grep SigIgn /proc/self/status")],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ignored(done.stdout) == 1 << (signal.SIGHUP - 1)


# ---------------------------------------------------------------------------------------------- a terminal


class Terminal:
    """A shell with job control at a terminal."""

    def __init__(self) -> None:
        self.seen = ""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.environ |= {"PS1": "$ ", "TERM": "dumb"}
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def until(self, wanted: str) -> str:
        """What came up to and with it; the rest is for the next one."""
        deadline = time.monotonic() + PATIENCE
        while wanted not in self.seen:
            ready, _, _ = select.select([self.master], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{wanted!r} never came, but {self.seen!r}"
            self.seen += os.read(self.master, 65536).decode("utf-8", "replace")
        before, _, self.seen = self.seen.partition(wanted)
        return before + wanted

    def resize(self) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("4H", 33, 99, 0, 0))

    def close(self) -> None:
        os.close(self.master)
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    terminal.until("$ ")
    yield terminal
    terminal.close()


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    (tmp_path / "run.py").write_text(RUN)
    (tmp_path / "says.py").write_text(SAYS)
    return tmp_path


def started(terminal: Terminal, scripts: Path, more: str = "") -> None:
    terminal.type(f"{sys.executable} {scripts}/run.py {sys.executable} {scripts}/says.py {more}\n")
    terminal.until("ready")


def test_ctrl_c_and_a_resize_reach_it_once(terminal: Terminal, scripts: Path) -> None:
    started(terminal, scripts)
    terminal.type("\x03")
    terminal.until("got SIGINT")
    terminal.type("\x1c")
    terminal.until("got SIGQUIT")
    terminal.resize()
    terminal.until("got SIGWINCH")
    terminal.type("line\n")
    assert "got" not in terminal.until("read line")
    terminal.type("end\n")
    terminal.until("read end")
    terminal.type("echo code=$?\n")
    terminal.until("code=7")


def test_ctrl_z_stops_the_job_and_fg_goes_on(terminal: Terminal, scripts: Path) -> None:
    started(terminal, scripts)
    for _ in range(2):
        terminal.type("\x1a")
        terminal.until("Stopped")
        terminal.type("echo in the shell\n")
        terminal.until("\nin the shell")
        terminal.type("fg\n")
        terminal.until("run.py")
        terminal.type("line\n")
        terminal.until("read line")
    terminal.type("end\n")
    terminal.until("read end")
    terminal.type("echo code=$?\n")
    terminal.until("code=7")


def test_one_that_stops_itself_stops_the_job(terminal: Terminal, scripts: Path) -> None:
    """As editors do, which have the terminal's keys switched off."""
    terminal.type(f"{sys.executable} {scripts}/run.py sh -c 'kill -STOP $$; echo goes on; exit 5'\n")
    terminal.until("Stopped")
    terminal.type("fg\n")
    terminal.until("\ngoes on")
    terminal.type("echo code=$?\n")
    terminal.until("code=5")


def test_in_the_background_it_waits_to_be_brought_forward(terminal: Terminal, scripts: Path) -> None:
    started(terminal, scripts, "&")
    terminal.type("until jobs | grep Stopped; do :; done\n")
    terminal.until("]+  Stopped")
    terminal.type("fg\n")
    terminal.until("run.py")
    terminal.type("end\n")
    terminal.until("read end")


def test_a_shell_of_its_own_has_job_control_too(terminal: Terminal, scripts: Path) -> None:
    terminal.type(f"{sys.executable} {scripts}/run.py bash --norc --noprofile -i\n")
    terminal.type("PS1='inner> '\n")
    terminal.until("inner> ")
    terminal.type(f"{sys.executable} {scripts}/says.py\n")
    terminal.until("\nready")
    terminal.type("\x1a")
    terminal.until("Stopped")
    terminal.type("kill -KILL %1; disown %1; exit 3\n")  # where it knows of a job it warns, and stays
    terminal.until("\nexit")
    terminal.type("echo outer code=$?\n")
    terminal.until("outer code=3")
