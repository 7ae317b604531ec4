"""`keyless run` with several workers, as real processes: one mint for all, deaths of every kind, one status."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

import aiohttp
import pytest

from proxy.cli.run.said import stopping
from proxy.sandbox import SECRET
from tests.cli.conftest import PATIENCE, Process, control, crm, keyless, process, written
from tests.ports import free_port

WORKERS = 4
CALLERS = 50


class Crew(NamedTuple):
    process: Process
    url: str
    folder: Path

    def ask(self, name: str) -> dict[str, Any]:
        with urlopen(f"{self.url}/-/{name}", timeout=PATIENCE) as reply:
            document: dict[str, Any] = json.load(reply)
            return document

    def status(self) -> dict[str, Any]:
        return self.ask("status")

    def workers(self) -> dict[str, Any]:
        found: dict[str, Any] = self.status()["workers"]
        return found

    def pids(self) -> list[int]:
        """Once all of them answer: on a busy machine one may be too late for its siblings."""
        pids: list[int | None] = [None]

        def all_answer() -> bool:
            pids[:] = [each["pid"] for each in self.workers().values()]
            return None not in pids

        until(all_answer)
        return [pid for pid in pids if pid is not None]

    def switch(self, name: str) -> dict[str, Any]:
        request = Request(f"{self.url}/-/providers/crm/{name}", data=b"", method="POST")
        with urlopen(request, timeout=PATIENCE) as reply:
            document: dict[str, Any] = json.load(reply)
            return document

    def held(self) -> list[tuple[str, int]]:
        """What each worker holds, those that are down left out."""
        found = (each["providers"].get("crm") for each in self.workers().values())
        return [(each["state"], each["generation"]) for each in found if each is not None]

    def generations(self) -> list[int]:
        return [generation for _, generation in self.held()]

    def left(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("keyless-workers-*"))


@pytest.fixture
def issuer(sandbox: str) -> Iterator[str]:
    control(sandbox, "reset")
    yield sandbox
    control(sandbox, "reset")


@contextmanager
def crew(folder: Path, config: dict[str, Any], workers: int = 2) -> Iterator[Crew]:
    port = free_port()
    quiet = {"access": False}  # nobody reads stderr while they serve: a full pipe would stop them all
    path = written(folder, **({"listen": f"127.0.0.1:{port}", "workers": workers, "log": quiet} | config))
    with process("run", "-c", path, TMPDIR=str(folder)) as started:
        started.until(lambda line: line.startswith("status:"))
        yield Crew(started, f"http://127.0.0.1:{port}", folder)
    until(lambda: all(map(is_deserted, folder.glob("keyless-workers-*"))))  # the supervisor was killed, not its workers


def is_deserted(private: Path) -> bool:
    """Has the last of its workers ended? They write there until then."""
    with suppress(FileNotFoundError):
        handle = os.open(private, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(handle)
    return True


def until(holds: Callable[[], bool], patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not _holds_now(holds):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def _holds_now(holds: Callable[[], bool]) -> bool:
    """Whoever asks a proxy whose worker is just being killed may be cut off: that is no answer yet."""
    try:
        return holds()
    except OSError:
        return False


def is_alive(pid: int) -> bool:
    """A zombie that nobody waits for has ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    return False


def mints(sandbox: str) -> int:
    return int(control(sandbox, "state")["mints"]["oauth2"])


async def call_all(url: str, callers: int = WORKERS * CALLERS) -> Counter[int]:
    """That many at once, each on a connection of its own."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True)) as http:

        async def call() -> int:
            async with http.get(f"{url}/crm/echo") as reply:
                return reply.status

        return Counter(await asyncio.gather(*(call() for _ in range(callers))))


# ------------------------------------------------------------------------------------------- one mint


async def test_trap_41_one_mint_for_all_workers_cold_and_after_a_voided_token(folder: Path, issuer: str) -> None:
    control(issuer, "set", issuer_delay=1.0)
    with crew(folder, crm(issuer), WORKERS) as running:
        assert await call_all(running.url) == {200: WORKERS * CALLERS}
        assert mints(issuer) == 1
        control(issuer, "void")
        assert await call_all(running.url) == {200: WORKERS * CALLERS}
        assert mints(issuer) == 2
        until(lambda: running.held() == [("fresh", 2)] * WORKERS)
        status = running.status()
        assert status["providers"]["crm"]["mints"] == 2
        assert status["providers"]["crm"]["replays"] == sum(each["replays"] for each in status["workers"].values())
        assert status["providers"]["crm"]["replays"] >= 1
        assert len({each["pid"] for each in status["workers"].values()} - {running.process.popen.pid}) == WORKERS


async def test_expire_and_refresh_reach_all_workers_within_a_second(folder: Path, issuer: str) -> None:
    with crew(folder, crm(issuer), WORKERS) as running:
        until(lambda: running.held() == [("fresh", 1)] * WORKERS)
        assert running.switch("expire")["state"] == "refused"
        until(lambda: running.generations() == [2] * WORKERS, patience=1.0)
        assert running.ask("healthz") == {"status": "ok"}
        assert await call_all(running.url, 20) == {200: 20}
        assert mints(issuer) == 2
        until(lambda: running.generations() == [3] * WORKERS, patience=1.0)
        assert running.switch("refresh")["generation"] == 4
        until(lambda: running.held() == [("fresh", 4)] * WORKERS, patience=1.0)
        assert running.ask("readyz")["ready"]
    assert mints(issuer) == 3


# ------------------------------------------------------------------------------------------- deaths


class Traffic:
    """Callers that go on and on; a connection that breaks is counted, and the call made again."""

    def __init__(self, url: str) -> None:
        self.statuses: Counter[int] = Counter()
        self.broken = 0
        self._url = url

    async def run(self) -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True)) as http:
            while True:
                try:
                    async with http.get(f"{self._url}/crm/echo") as reply:
                        await reply.read()
                        self.statuses[reply.status] += 1
                except aiohttp.ClientError:
                    self.broken += 1


@pytest.fixture
async def background() -> AsyncIterator[Callable[[Any], None]]:
    tasks: list[asyncio.Task[None]] = []
    yield lambda coroutine: tasks.append(asyncio.create_task(coroutine))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_killed_worker_is_replaced_while_the_others_serve(
    folder: Path, issuer: str, background: Callable[[Any], None]
) -> None:
    callers = 8
    control(issuer, "set", lifetime=3600)
    with crew(folder, crm(issuer), WORKERS) as running:
        await asyncio.to_thread(until, lambda: running.held() == [("fresh", 1)] * WORKERS)
        traffic = Traffic(running.url)
        for _ in range(callers):
            background(traffic.run())
        victim = running.pids()[2]
        os.kill(victim, signal.SIGKILL)
        await asyncio.to_thread(until, lambda: not running.workers()["2"]["up"])
        served = traffic.statuses[200]
        await asyncio.to_thread(until, lambda: traffic.statuses[200] > served + 100)
        await asyncio.to_thread(until, lambda: running.workers()["2"]["pid"] not in (None, victim))
        await asyncio.to_thread(until, lambda: running.held() == [("fresh", 1)] * WORKERS)
        assert mints(issuer) == 1
        assert set(traffic.statuses) == {200}
        assert traffic.broken <= callers, "each can have lost the one connection that the dead worker held"
        running.process.popen.terminate()
        assert "worker ended" in (await asyncio.to_thread(running.process.end)).err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_all_workers_drain_and_leaves_nothing(folder: Path, issuer: str, number: signal.Signals) -> None:
    with crew(folder, crm(issuer)) as running:
        pids = running.pids()
        assert len(running.left()) == 1
        streams = [urlopen(f"{running.url}/crm/sse?events=4&interval=0.1", timeout=PATIENCE) for _ in range(8)]
        first = [stream.readline() for stream in streams]
        running.process.popen.send_signal(number)
        bodies = [start + stream.read() for start, stream in zip(first, streams, strict=True)]
        for stream in streams:
            stream.close()
        done = running.process.end()
    assert [body.count(b"data:") for body in bodies] == [4] * 8
    assert (done.code, done.out.splitlines()[-1]) == (0, stopping(None).strip())
    assert not any(map(is_alive, pids))
    assert running.left() == []


def test_a_second_signal_ends_all_at_once(folder: Path, issuer: str) -> None:
    with crew(folder, crm(issuer)) as running, urlopen(f"{running.url}/crm/sse?hold=1", timeout=PATIENCE) as stream:
        stream.readline()
        pids = running.pids()
        running.process.popen.send_signal(signal.SIGINT)
        running.process.until(lambda line: line.startswith("stopping"))
        running.process.popen.send_signal(signal.SIGINT)
        assert running.process.end().code == 130
        until(lambda: not any(map(is_alive, pids)))
    assert running.left() == []


def test_workers_do_not_outlive_a_killed_supervisor(folder: Path, issuer: str) -> None:
    with crew(folder, crm(issuer)) as running:
        pids = running.pids()
        running.process.popen.kill()
        until(lambda: not any(map(is_alive, pids)))
        until(lambda: running.left() == [])
        with pytest.raises(OSError, match="refused"):
            urlopen(f"{running.url}/-/healthz", timeout=PATIENCE)


def test_what_was_killed_altogether_is_tidied_up_by_the_next(folder: Path, issuer: str) -> None:
    with crew(folder, crm(issuer)) as running:
        pids = [running.process.popen.pid, *running.pids()]
        (left,) = running.left()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        until(lambda: not any(map(is_alive, pids)))
        assert running.left() == [left]
    with crew(folder, crm(issuer)) as running:
        assert len(running.left()) == 1
        assert running.left() != [left]


# ------------------------------------------------------------------------------------------- the fork server


def forker(running: Crew) -> int:
    """What forks the workers: their parent."""
    return int(Path(f"/proc/{running.pids()[0]}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1])


def maps(pid: int) -> set[str]:
    """The libraries in its memory."""
    lines = Path(f"/proc/{pid}/maps").read_text(encoding="ascii").splitlines()
    return {line.split()[-1] for line in lines if ".so" in line}


def shared_and_own(pid: int) -> tuple[int, int]:
    """Bytes of memory that it has written to: such that it still shares, and such that it has for itself."""
    rows = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:])
    sizes = {name: int(size) * 1024 for name, size, *_ in rows}
    return sizes["Shared_Dirty:"], sizes["Private_Dirty:"]


def holds(pid: int, secret: bytes) -> bool:
    """Whether it lies anywhere in the memory of that process."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text(encoding="ascii").splitlines():
            span, mode, *_ = line.split()
            begin, end = (int(edge, 16) for edge in span.split("-"))
            with suppress(OSError, OverflowError, ValueError):  # some spans can't be read
                memory.seek(begin)
                if mode.startswith("rw") and secret in memory.read(end - begin):
                    return True
    return False


def test_workers_share_the_pages_of_their_code(folder: Path, issuer: str) -> None:
    with crew(folder, crm(issuer)) as running:
        assert set(asyncio.run(call_all(running.url))) == {200}
        parent = forker(running)
        for pid in running.pids():
            shared, own = shared_and_own(pid)
            assert shared > own
            assert maps(pid) <= maps(parent), "nothing large is imported in each"


def test_what_forks_them_has_code_alone(folder: Path, issuer: str) -> None:
    with crew(folder, crm(issuer)) as running:
        parent, worker = forker(running), running.pids()[0]
        assert len(list(Path(f"/proc/{parent}/task").iterdir())) == 1
        assert holds(worker, SECRET.encode())
        assert not holds(parent, SECRET.encode())


def test_without_it_workers_serve_and_are_replaced(folder: Path, issuer: str) -> None:
    with crew(folder, crm(issuer)) as running:
        before, parent = running.pids(), forker(running)
        os.kill(parent, signal.SIGKILL)
        until(lambda: not is_alive(parent))
        assert running.pids() == before
        os.kill(before[0], signal.SIGKILL)
        until(lambda: running.workers()["0"]["pid"] not in (None, before[0]))
        assert running.pids()[1] == before[1]
        running.process.popen.terminate()
        assert running.process.end().code == 0
        assert not any(map(is_alive, before))
    assert running.left() == []


def test_sigterm_to_all_processes_is_an_end_like_any_other(folder: Path, issuer: str) -> None:
    """What systemd does, unless its unit says otherwise."""
    with crew(folder, crm(issuer)) as running:
        pids = running.pids()
        for pid in (forker(running), running.process.popen.pid):
            os.kill(pid, signal.SIGTERM)
        assert running.process.end().code == 0
        assert not any(map(is_alive, pids))
    assert running.left() == []


# ------------------------------------------------------------------------------------------- starting


def test_it_says_once_what_it_serves_and_with_how_many(folder: Path, issuer: str) -> None:
    with crew(folder, crm(issuer)) as running:
        running.process.popen.terminate()
        done = running.process.end()
    first, *table, last = done.out.splitlines()
    assert (running.url in first, "2 workers" in first, last) == (True, True, stopping(None).strip())
    assert [line.split()[0] for line in table] == ["/crm", "status:"]


@pytest.mark.parametrize("by", ["a stranger", "another keyless"])
def test_a_taken_port_is_1_and_one_line(folder: Path, issuer: str, by: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, crew(folder, crm(issuer)) as running:
        port = taken.getsockname()[1] if by == "a stranger" else running.url.rpartition(":")[2]
        other = folder / "other"
        other.mkdir()
        with process("run", "-c", written(other, listen=f"127.0.0.1:{port}", workers=2), TMPDIR=str(folder)) as started:
            done = started.end()
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert done.err.startswith(f"can't listen: 127.0.0.1:{port}: address already in use; end what listens there")


def test_a_store_that_cannot_be_used_is_1_and_one_line(folder: Path) -> None:
    (folder / "kept").mkdir(mode=0o755)
    with process("run", "-c", written(folder, workers=2, store="file:kept"), TMPDIR=str(folder)) as started:
        done = started.end()
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert "chmod 700" in done.err
    assert list(folder.glob("keyless-workers-*")) == []


def test_port_0_and_a_unix_socket_are_shared(folder: Path, issuer: str) -> None:
    path = folder / "k.sock"
    config = written(folder, listen=["127.0.0.1:0", f"unix:{path}"], workers=2, **crm(issuer))
    with process("run", "-c", config, TMPDIR=str(folder)) as started:
        url = started.until(lambda line: line.startswith("status:")).split("or ")[1].split("/-/")[0]
        with urlopen(f"{url}/crm/echo", timeout=PATIENCE) as reply:
            assert json.load(reply)["token"] == "good"
        os.kill(Crew(started, url, folder).pids()[0], signal.SIGTERM)
        command = ["curl", "-s", "--unix-socket", str(path), "http://localhost/crm/echo"]
        until(lambda: Crew(started, url, folder).workers()["0"]["up"])
        for _ in range(10):
            said = subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE)
            assert json.loads(said.stdout)["token"] == "good"
        started.popen.terminate()
        assert started.end().code == 0
    assert not path.exists()


def test_a_routes_own_address_is_every_workers(folder: Path, issuer: str) -> None:
    own, path = free_port(), folder / "own.sock"
    config = crm(issuer)
    config["routes"]["/unix"] = config["routes"]["/crm"] | {"listen": f"unix:{path}"}
    config["routes"]["/crm"]["listen"] = f"127.0.0.1:{own}"
    with crew(folder, config) as served:
        os.kill(served.pids()[0], signal.SIGTERM)
        until(lambda: served.workers()["0"]["up"])
        command = ["curl", "-s", "--unix-socket", str(path), "http://localhost/echo"]
        for _ in range(10):
            with urlopen(f"http://127.0.0.1:{own}/echo", timeout=PATIENCE) as reply:
                assert json.load(reply)["token"] == "good"
            said = subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE)
            assert json.loads(said.stdout)["token"] == "good"


def test_auto_is_one_per_usable_cpu(folder: Path, issuer: str) -> None:
    config = written(folder, workers="auto", listen="127.0.0.1:0", **crm(issuer))
    with process("run", "-c", config, TMPDIR=str(folder)) as started:
        first = started.until(lambda line: line.startswith("keyless "))
        started.popen.terminate()
        assert started.end().code == 0
    count = len(os.sched_getaffinity(0))
    assert f"{count} workers" in first if count > 1 else "workers" not in first


def test_one_worker_is_one_process(folder: Path, issuer: str) -> None:
    with crew(folder, crm(issuer), 1) as running:
        assert "workers" not in running.status()
        assert running.left() == []
        children = Path(f"/proc/{running.process.popen.pid}/task/{running.process.popen.pid}/children")
        assert children.read_text(encoding="ascii") == ""


def test_worker_is_no_option_for_people() -> None:
    with process("run", "--worker", "0") as started:
        done = started.end()
    assert (done.code, done.err.count("\n")) == (2, 1)


def test_request_lines_of_all_workers_stay_whole(folder: Path, issuer: str) -> None:
    config = crm(issuer) | {"log": {"level": "error", "access": True}}
    with crew(folder, config) as running:
        for _ in range(3):
            assert asyncio.run(call_all(running.url)) == {200: WORKERS * CALLERS}
        running.process.popen.terminate()
        lines = running.process.end().err.splitlines()
    assert len(lines) == 3 * WORKERS * CALLERS
    assert all(re.fullmatch(r"\S{24} info    GET /crm/echo 200 [0-9.]+ms", line) for line in lines)


@pytest.mark.parametrize("workers", [1, 2])
def test_commands_need_neither_a_known_port_nor_an_admin_key(folder: Path, issuer: str, workers: int) -> None:
    """They speak to the process that was started, which asks a worker if it has some."""
    with crew(folder, crm(issuer, listen="127.0.0.1:0", admin={"key": "an-admin-key-of-the-tests"}), workers):
        path = str(folder / "config.yaml")
        until(lambda: keyless("status", "-c", path, "--json").json["providers"]["crm"]["state"] == "fresh")
        assert keyless("expire", "crm", "-c", path, "--json").json["state"] == "refused"
        assert keyless("expire", "nobody", "-c", path).code != 0
