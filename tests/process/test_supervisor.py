"""The supervisor with workers that are scripts of a few lines: how it starts, restarts and ends them."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.config.load import load
from proxy.config.loaded import Loaded
from proxy.config.model import Log
from proxy.logs import setup
from proxy.process.supervisor import LAST_PAUSE, YOUNG, Supervisor, WorkersFailed, next_pause
from proxy.process.worker_post import Lifeline, WorkerPost, framed
from proxy.tokens.store import StoreDown

PATIENCE = 30
ROOT = Path(__file__).parent.parent.parent

WORKER = f"""
import os, pathlib, signal, socket, sys, time
sys.path.insert(0, {str(ROOT)!r})
from proxy.process.fork_server import serve
from proxy.process.worker_post import READY, Lifeline
lifeline = Lifeline(serve(socket.socket(fileno=int(sys.argv[1]))))
post = lifeline.post()
me = pathlib.Path({{folder!r}}) / str(post.number)
starts = int(me.read_text().split()[1]) if me.exists() else 0

def ready():
    temp = me.with_suffix(".temp")
    temp.write_text(f"{{{{os.getpid()}}}} {{{{starts + 1}}}}")
    temp.rename(me)
    lifeline._socket.send(READY)

def serve():
    ready()
    lifeline._socket.recv(1)
"""


@pytest.fixture
def said() -> io.StringIO:
    out = io.StringIO()
    setup.configure(Log(), out)
    return out


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    path = tmp_path / "config.yaml"
    path.write_text("listen: 127.0.0.1:0\nstore: memory\n", encoding="utf-8")
    return load(path, environ={})


class Crew:
    """What the workers have left behind of themselves: `pid starts` in a file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "crew"
        self.folder.mkdir()

    def command(self, does: str) -> list[str]:
        return [sys.executable, "-c", WORKER.format(folder=str(self.folder)) + does]

    def pid(self, number: int) -> int:
        return int((self.folder / str(number)).read_text(encoding="ascii").split()[0])

    def starts(self, number: int) -> int:
        return int((self.folder / str(number)).read_text(encoding="ascii").split()[1])


@pytest.fixture
def crew(tmp_path: Path) -> Crew:
    return Crew(tmp_path)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 -- what it waits for happens in other processes
            await asyncio.sleep(0.02)


def is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


@asynccontextmanager
async def supervised(
    loaded: Loaded, command: list[str], count: int = 2, grace: float = 5.0
) -> AsyncIterator[Supervisor]:
    async with Supervisor(loaded, count, command, grace) as supervisor:
        await supervisor.listen()
        yield supervisor


# ------------------------------------------------------------------------------------------- pauses


@pytest.mark.parametrize(
    ("previous", "lived", "expected"),
    [
        (0.0, 0.1, 1.0),
        (1.0, 0.1, 2.0),
        (16.0, 0.1, LAST_PAUSE),
        (LAST_PAUSE, 0.1, LAST_PAUSE),
        (8.0, YOUNG, 0.0),
        (0.0, YOUNG - 0.01, 1.0),
    ],
)
def test_who_dies_young_waits_longer_each_time(previous: float, lived: float, expected: float) -> None:
    assert next_pause(previous, lived) == expected


# ------------------------------------------------------------------------------------------- life


async def test_workers_get_the_config_a_port_and_a_shared_store(loaded: Loaded, crew: Crew, said: io.StringIO) -> None:
    does = "assert post.loaded.config.listen != ['127.0.0.1:0']; me.with_suffix('.store').write_text("
    does += "post.loaded.config.store + ' ' + post.loaded.config.listen[0] + ' ' + str(post.private)); serve()"
    async with Supervisor(loaded, 3, crew.command(does)) as supervisor:
        (bound,) = await supervisor.listen()
        pids = [crew.pid(number) for number in range(3)]
        told = {(crew.folder / f"{number}.store").read_text(encoding="utf-8") for number in range(3)}
        store, listen, private = told.pop().split()
        folder = supervisor._private
        assert not told, "all are told the same"
        assert (store, listen) == (f"memory:{private}/store", f"127.0.0.1:{bound.listener.port}")
        assert (Path(private) / "store" / "key").exists()
        assert all(map(is_alive, pids))
    assert not any(map(is_alive, pids))
    assert folder is not None
    assert not folder.path.exists()
    assert said.getvalue() == ""


async def test_another_store_stays_what_it_is(loaded: Loaded, crew: Crew, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("listen: 127.0.0.1:0\nstore: file:kept\n", encoding="utf-8")
    does = "me.with_suffix('.store').write_text(post.loaded.config.store); serve()"
    async with supervised(load(tmp_path / "config.yaml", environ={}), crew.command(does)):
        assert (crew.folder / "0.store").read_text(encoding="utf-8") == "file:kept"
    assert (tmp_path / "kept").is_dir()


async def test_a_dead_worker_is_replaced_and_the_others_stay(loaded: Loaded, crew: Crew, said: io.StringIO) -> None:
    async with supervised(loaded, crew.command("serve()")):
        first, other = crew.pid(0), crew.pid(1)
        os.kill(first, signal.SIGKILL)
        await until(lambda: crew.pid(0) != first)
        assert crew.pid(1) == other
        await until(lambda: "worker restarted" in said.getvalue())
    assert "code=-9" in said.getvalue()
    assert "restart_in=1.0" in said.getvalue()


async def test_a_worker_that_ends_by_itself_is_replaced_too(loaded: Loaded, crew: Crew) -> None:
    async with supervised(loaded, crew.command("ready(); sys.exit(0) if starts == 0 else lifeline._socket.recv(1)")):
        await until(lambda: crew.starts(0) == 2)


async def test_without_their_fork_server_workers_stay_and_are_replaced_when_they_end(
    loaded: Loaded, crew: Crew, said: io.StringIO
) -> None:
    async with supervised(loaded, crew.command("serve()")) as supervisor:
        pids = [crew.pid(number) for number in range(2)]
        server = supervisor._forks._server
        assert server is not None
        server.kill()
        await until(lambda: server.has_died)
        assert all(map(is_alive, pids))
        os.kill(pids[0], signal.SIGKILL)
        await until(lambda: crew.pid(0) != pids[0])
        assert crew.pid(1) == pids[1]
        await until(lambda: "worker restarted" in said.getvalue())
    assert "code=None" in said.getvalue(), "nobody knows it"
    await until(lambda: not is_alive(pids[1]))  # it has ended; who collects it then is not the supervisor


async def test_a_restart_that_fails_is_tried_again_later(loaded: Loaded, crew: Crew, said: io.StringIO) -> None:
    does = "serve() if starts == 0 or me.with_suffix('.mended').exists() else sys.exit(3)"
    async with supervised(loaded, crew.command(does)):
        os.kill(crew.pid(0), signal.SIGKILL)
        await until(lambda: "code=3" in said.getvalue())
        assert "restart_in=2.0" in said.getvalue()
        (crew.folder / "0.mended").touch()
        await until(lambda: crew.starts(0) == 2)


@pytest.mark.parametrize("does", ["sys.exit(3)", "if post.number: serve()\nelse: sys.exit(3)"], ids=["all", "one"])
async def test_one_that_cannot_start_ends_it_all(loaded: Loaded, crew: Crew, said: io.StringIO, does: str) -> None:
    with pytest.raises(WorkersFailed) as failed:
        async with supervised(loaded, crew.command(does)):
            pass
    assert failed.value.code == 3
    assert "restart" not in said.getvalue()


async def test_no_interpreter(loaded: Loaded) -> None:
    with pytest.raises(WorkersFailed):
        async with supervised(loaded, ["/nowhere/python"]):
            pass


async def test_a_store_that_cannot_be_used_starts_nobody(crew: Crew, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "config.yaml").write_text("listen: 127.0.0.1:0\nstore: file:open\n", encoding="utf-8")
    with pytest.raises(StoreDown, match="chmod 700"):
        async with supervised(load(tmp_path / "config.yaml", environ={}), crew.command("serve()")):
            pass
    assert list(crew.folder.iterdir()) == []


# ------------------------------------------------------------------------------------------- the end


async def test_who_does_not_end_in_time_is_killed(loaded: Loaded, crew: Crew, said: io.StringIO) -> None:
    stubborn = "signal.signal(signal.SIGTERM, signal.SIG_IGN); ready(); signal.pause()"
    async with supervised(loaded, crew.command(stubborn), grace=0.2):
        pids = [crew.pid(number) for number in range(2)]
    assert not any(map(is_alive, pids))
    assert said.getvalue().count("worker killed") == 2


async def test_a_worker_that_waits_to_be_restarted_does_not_hold_up_the_end(loaded: Loaded, crew: Crew) -> None:
    loop = asyncio.get_running_loop()
    async with supervised(loaded, crew.command("ready(); lifeline._socket.recv(1) if post.number else sys.exit(0)")):
        began = loop.time()
    assert loop.time() - began < 5.0
    assert crew.starts(0) <= 2


async def test_a_fork_that_does_not_come_does_not_hold_up_the_end(loaded: Loaded) -> None:
    async with Supervisor(loaded, 2, [sys.executable, "-c", "import time; time.sleep(60)"], grace=0.2) as supervisor:
        listening = asyncio.create_task(supervisor.listen())
        await until(lambda: supervisor._forks._server is not None)
    with pytest.raises(asyncio.CancelledError):
        await listening


async def test_abandoned_it_leaves_nothing(loaded: Loaded, crew: Crew) -> None:
    async with supervised(loaded, crew.command("signal.signal(signal.SIGTERM, signal.SIG_IGN); serve()")) as supervisor:
        pids = [crew.pid(number) for number in range(2)]
        private = supervisor._private
        supervisor.abandon()
        supervisor._stopping.set()
        await until(lambda: not any(map(is_alive, pids)))
        assert private is not None
        assert not private.path.exists()


# ------------------------------------------------------------------------------------------- the lifeline


async def test_a_post_goes_over_whole_and_no_secret_shows(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("providers: {a: {scheme: static, token: a-secret-token}}\n", encoding="utf-8")
    post = WorkerPost(1, 4, tmp_path, load(path, environ={}), {"/x": 7})
    ours, theirs = socket.socketpair()
    lifeline = Lifeline(theirs.detach())
    ours.sendall(post.to_bytes())
    received = lifeline.post()
    assert received == post
    assert "a-secret-token" not in repr(post)
    lost = asyncio.Event()
    lifeline.ready(lost.set)
    assert ours.recv(1) == b"\x01"
    assert not lost.is_set()
    for each in (replace(post.loaded, digest="first"), replace(post.loaded, digest="last")):
        ours.sendall(framed({"providers": [each.digest]}, each))
    digests, secrets = [], set()
    async with asyncio.timeout(PATIENCE):
        while "last" not in digests:
            loaded, changed = await lifeline.news()
            digests.append(loaded.digest)
            secrets |= set(changed["providers"])
    assert secrets == {"first", "last"}, "also of a config that was overtaken"
    ours.close()
    async with asyncio.timeout(PATIENCE):
        await lost.wait()
    lifeline.close()


async def test_a_supervisor_that_ends_before_it_has_told() -> None:
    ours, theirs = socket.socketpair()
    lifeline = Lifeline(theirs.detach())
    ours.send(b"\0\0")
    ours.close()
    with pytest.raises(EOFError):
        lifeline.post()
    lifeline.close()


def test_a_lifeline_that_is_none() -> None:
    with tempfile.TemporaryFile() as file, pytest.raises(OSError, match="socket"):
        Lifeline(file.fileno())
