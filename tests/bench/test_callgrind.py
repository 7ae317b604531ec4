"""Counts of instructions: how callgrind's files are read, and a real process that is counted."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from bench import callgrind
from bench.callgrind import CountError
from bench.process import Process, free_port

DUMP = "# callgrind format\nversion: 1\nevents: Ir\nsummary: 18\n\nfn=(1) main\n3 18\n\ntotals: 18\n"


@pytest.mark.parametrize(
    ("dump", "count"), [(DUMP, 18), (DUMP.replace("totals: 18\n", ""), 18), ("totals: 7 3 2\n", 7), ("totals: 0\n", 0)]
)
def test_a_dump_has_its_total(dump: str, count: int) -> None:
    assert callgrind.total(dump) == count


@pytest.mark.parametrize("dump", ["", "events: Ir\nfn=(1) main\n3 18\n"])
def test_a_dump_without_a_total_is_no_count(dump: str) -> None:
    with pytest.raises(CountError):
        callgrind.total(dump)


def test_the_command_is_run_uncounted_at_first() -> None:
    argv = callgrind.under(["keyless", "run"], Path("/tmp/x"))
    assert argv[-2:] == ["keyless", "run"]
    assert "--instr-atstart=no" in argv


@pytest.mark.skipif(callgrind.missing() is not None, reason="valgrind is not installed (Debian: valgrind)")
def test_a_process_is_counted_from_one_count_to_the_next(tmp_path: Path) -> None:
    port = free_port()
    code = (
        "import socket\n"
        f"server = socket.create_server(('127.0.0.1', {port}))\n"
        "while True:\n"
        "    client = server.accept()[0]\n"
        "    sum(range(int(client.recv(100) or 0)))\n"
        "    client.send(b'.'); client.close()\n"
    )
    argv = callgrind.under([sys.executable, "-I", "-S", "-c", code], tmp_path)
    with Process(argv, {0}, tmp_path / "log") as process:
        process.wait_listening(port, 60.0)
        callgrind.begin(process.pid)
        counts = []
        for work in (b"1", b"1", b"200000"):
            ask(port, work)
            counts.append(callgrind.count(process.pid, tmp_path))
    assert min(counts) > 0
    assert counts[2] > counts[1] + 200_000


def test_who_is_not_there_is_not_counted() -> None:
    with pytest.raises(CountError):
        callgrind.begin(2**22 + 1)


def ask(port: int, work: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), 60.0) as sock:
        sock.sendall(work)
        assert sock.recv(1) == b"."
