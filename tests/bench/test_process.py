import sys

import pytest

from bench.process import Process, StartError, cpu_ticks, free_port, is_zombie, session_of

STAT = "41 (a) b (c) R 1 41 40 0 -1 4194304 100 0 0 0 11 22 3 4 20 0 1 0 100 1000 10"


def test_a_stat_line_is_read_past_any_command_name() -> None:
    assert session_of(STAT) == 40
    assert not is_zombie(STAT)
    assert is_zombie(STAT.replace(" R ", " Z "))
    assert cpu_ticks(STAT) == 11 + 22 + 3 + 4


def test_a_process_is_counted_with_its_children_and_gone_afterwards(tmp_path) -> None:
    port = free_port()
    code = (
        "import os, socket, sys, time\n"
        "sum(range(5_000_000)); pid = os.fork()\n"
        f"s = socket.create_server(('127.0.0.1', {port})) if pid else None\n"
        "time.sleep(60)\n"
    )
    with Process([sys.executable, "-c", code], {0}, tmp_path / "log") as process:
        process.wait_listening(port, 20.0)
        assert len(process._pids()) == 2
        assert process.resident_mib() > 0
        assert process.cpu_seconds() > 0
        process.reset_peak()
        assert process.peak_mib() > 0
    assert process._pids() == []


def test_a_process_that_ends_at_once_tells_its_last_words(tmp_path) -> None:
    argv = [sys.executable, "-c", "print('first', flush=True); raise SystemExit('no such config')"]
    with Process(argv, {0}, tmp_path / "log") as process, pytest.raises(StartError, match="no such config"):
        process.wait_listening(free_port(), 20.0)
