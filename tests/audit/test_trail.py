"""The file of the audit log: several writers, rotation, crashes, disks that are full, people who meddle."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import select
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.audit import chain
from proxy.audit.trail import Stream, Trail, rotated
from proxy.audit.verify import Tampered, Walk
from proxy.sink import Sink
from tests.raw import PATIENCE

ROOT = Path(__file__).parents[2]
KEY = chain.signer("a-key-of-sixteen-characters")
TIME = "2026-01-02T03:04:05.678Z"
BIG = 1024 * 1024


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def trail(path: Path, rotate: int = BIG, keep: int = 10, key: bytes | None = None) -> Trail:
    return Trail(path, rotate, keep, key)


def facts(number: int = 0, **more: Any) -> dict[str, Any]:
    return {"time": TIME, "event": "token_mint", "number": number, **more}


def write(trail: Trail, *numbers: int) -> None:
    for number in numbers:
        trail.append(facts(number))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def events(path: Path) -> list[Any]:
    """The events; of ordinary lines the number."""
    return [line.get("number", line["event"]) for line in lines(path)]


def verified(*paths: Path, key: bytes | None = None) -> Walk:
    walk = Walk(() if key is None else (key,))
    for path in paths:
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            walk.feed(f"{path.name}:{number}", line)
    walk.end()
    return walk


def test_a_log_begins_with_a_line_that_says_so(path: Path) -> None:
    write(trail(path), 1, 2)
    assert events(path) == ["log_began", 1, 2]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert verified(path).lines == 3


def test_nothing_is_there_before_there_is_something_to_say(path: Path) -> None:
    trail(path).close()
    assert not path.exists()


@pytest.mark.parametrize("key", [None, KEY])
def test_a_restart_goes_on_from_the_last_line(path: Path, key: bytes | None) -> None:
    for number in range(3):
        restarted = trail(path, key=key)
        write(restarted, number)
        restarted.close()
    assert events(path) == ["log_began", 0, 1, 2]
    assert verified(path, key=key).signed == (4 if key else 0)


def test_two_writers_of_one_file_make_one_chain(path: Path) -> None:
    one, two = trail(path), trail(path)
    for number in range(0, 10, 2):
        write(one, number)
        write(two, number + 1)
    assert events(path) == ["log_began", *range(10)]
    assert verified(path).chains.keys() == {lines(path)[0]["chain"]}


def test_lines_that_are_longer_than_a_look_at_the_tail(path: Path) -> None:
    trail(path).append(facts(1, path="x" * 40_000))
    write(trail(path), 2)
    assert verified(path).lines == 3


# ---------------------------------------------------------------------------------------------- rotation


def test_the_chain_goes_on_over_files(path: Path) -> None:
    write(trail(path, rotate=4096), *range(60))
    files = rotated(path)
    assert [each.name for each in files[-3:]] == ["audit.jsonl.2", "audit.jsonl.1", "audit.jsonl"]
    assert events(files[0])[0] == "log_began"
    assert {events(each)[0] for each in files[1:]} == {"log_continued"}
    assert [each for file in files for each in events(file) if isinstance(each, int)] == list(range(60))
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}
    verified(*files)
    for gone in range(1, len(files) - 1):
        with pytest.raises(Tampered, match="lines are missing"):
            verified(*files[:gone], *files[gone + 1 :])


def test_old_files_go(path: Path) -> None:
    write(trail(path, rotate=4096, keep=2), *range(200))
    files = rotated(path)
    assert [each.name for each in files] == ["audit.jsonl.2", "audit.jsonl.1", "audit.jsonl"]
    first = lines(files[0])[0]
    assert first["event"] == "log_continued"
    assert verified(*files).chains[first["chain"]].first == first["seq"] > 1


def test_two_writers_that_rotate_lose_nothing(path: Path) -> None:
    writers = trail(path, rotate=4096, keep=100), trail(path, rotate=4096, keep=100)
    for number in range(100):
        write(writers[number % 2], number)
    files = rotated(path)
    assert len(files) > 3
    assert [each for file in files for each in events(file) if isinstance(each, int)] == list(range(100))
    verified(*files)


def test_a_restart_between_the_renaming_and_the_new_file(path: Path) -> None:
    write(trail(path), 1)
    path.rename(path.with_name("audit.jsonl.1"))
    write(trail(path), 2)
    assert events(path) == ["log_continued", 2]
    verified(*rotated(path))


def test_where_nothing_can_be_renamed_the_file_grows_on(path: Path) -> None:
    path.with_name("audit.jsonl.1").mkdir()
    write(trail(path, rotate=4096, keep=1), *range(80))
    assert path.stat().st_size > 3 * 4096
    assert verified(path).lines == 81


# ---------------------------------------------------------------------------------------------- crashes


@pytest.mark.parametrize("key", [None, KEY])
def test_a_line_that_was_torn_stays_and_is_spoken_of(path: Path, key: bytes | None) -> None:
    """Wherever the crash cut it: but for the line break alone, nothing of what is there is a line."""
    whole = trail(path, key=key)
    write(whole, 1, 2)
    written = path.read_bytes()
    start = written.rindex(b'{"time"')
    for cut in range(start + 1, len(written) - 1):
        path.write_bytes(written[:cut])
        write(trail(path, key=key), 3)
        assert path.read_bytes().startswith(written[:cut] + b"\n")
        entries = [json.loads(line) for line in path.read_bytes().splitlines()[-2:]]
        assert [each["event"] for each in entries] == ["log_recovered", "token_mint"]
        assert entries[0]["torn"] == chain.digest(written[start:cut])
        assert (verified(path, key=key).recovered, entries[0]["seq"]) == (1, 3)


def test_a_line_that_lacks_nothing_but_its_end_counts(path: Path) -> None:
    write(trail(path), 1, 2)
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    write(trail(path), 3)
    assert events(path) == ["log_began", 1, 2, 3]
    assert verified(path).recovered == 0


@pytest.mark.parametrize("junk", [b'{"time":"2026', b"\0" * 4096, b"not ours\nnor this\n"])
def test_a_file_that_holds_nothing_whole(path: Path, junk: bytes) -> None:
    path.write_bytes(junk)
    write(trail(path), 1)
    assert path.read_bytes().startswith(junk)
    walk = Walk()
    for line in path.read_bytes().splitlines():
        walk.feed("log", line)
    walk.end()
    assert (walk.lines, walk.recovered) == (2, 1)


def test_someone_who_changes_a_torn_line_is_found(path: Path) -> None:
    write(trail(path), 1)
    path.write_bytes(path.read_bytes() + b'{"time":')
    write(trail(path), 2)
    path.write_bytes(path.read_bytes().replace(b'{"time":\n', b'{"tim3":\n'))
    with pytest.raises(Tampered, match="changed"):
        verified(path)


WRITER = """
import sys
from pathlib import Path
from proxy.audit.trail import Trail
trail = Trail(Path(sys.argv[1]), 16384, 1000, None)
print("ready", flush=True)
sys.stdin.readline()
number = 0
while True:
    try:
        trail.append({"time": "2026", "event": "token_mint", "who": sys.argv[2], "number": number})
    except OSError:  # a machine that is busy elsewhere
        continue
    number += 1
    print(number, flush=True)
"""


def writers(path: Path, count: int) -> Iterator[subprocess.Popen[str]]:
    for name in range(count):
        command = [sys.executable, "-c", WRITER, str(path), str(name)]
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        yield subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_processes_that_are_killed_while_they_write_and_rotate(path: Path) -> None:
    """Whatever they said to have written is there, in one chain, in order."""
    running = list(writers(path, 3))
    said = {}
    for each in running:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in running:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    for index, each in enumerate(running):
        assert each.stdout is not None
        for _ in range(300):
            each.stdout.readline()
        each.kill()
        rest = each.stdout.read().split("\n")[:-1]
        said[str(index)] = int(rest[-1]) if rest else 300
        assert each.wait() == -signal.SIGKILL
        each.stdin.close() if each.stdin else None
        each.stdout.close()
    write(trail(path, rotate=16384, keep=1000), -1)
    files = rotated(path)
    assert len(files) > 2
    walk = verified(*files)
    assert len(walk.chains) == 1
    found: dict[str, list[int]] = {}
    for line in (line for file in files for line in file.read_bytes().splitlines()):
        if (entry := chain.read(line)) is not None and entry.event == "token_mint" and "who" in json.loads(line):
            known = json.loads(line)
            found.setdefault(known["who"], []).append(known["number"])
    for who, numbers in found.items():
        assert numbers == list(range(len(numbers)))
        assert said[who] <= len(numbers) <= said[who] + 1


# ---------------------------------------------------------------------------------------------- what goes wrong


def test_a_full_disk_leaves_no_half_of_a_line(path: Path) -> None:
    """RLIMIT_FSIZE is the disk: what doesn't fit is not written."""
    full = trail(path)
    write(full, 1)
    size = path.stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, before[1]))
    try:
        for _ in range(2):
            with pytest.raises(OSError, match=r"disk is full|File too large"):
                full.append(facts(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert path.stat().st_size == size
    write(full, 3)
    assert events(path) == ["log_began", 1, 3]
    verified(path)


def test_a_holder_of_the_lock_that_was_stopped_stops_nobody(path: Path) -> None:
    ours = trail(path)
    write(ours, 1)
    with path.open("rb") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        for _ in range(3):
            with pytest.raises(OSError, match="holds its lock"):
                ours.append(facts(2))
        fcntl.flock(theirs, fcntl.LOCK_UN)
    write(ours, 3)
    assert events(path) == ["log_began", 1, 3]


@pytest.mark.parametrize("kind", ["folder", "pipe", "missing"])
def test_what_can_be_no_log(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "log"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path = tmp_path / "nowhere" / "log"
    with pytest.raises(OSError, match=r".") as error:
        trail(path).check()
    assert error.value.strerror


def test_lines_that_vanish_while_it_runs_leave_a_gap(path: Path) -> None:
    """Without what the process remembers, a log that was cut off would go on as if nothing had been."""
    ours = trail(path)
    write(ours, 1)
    kept = path.read_bytes()
    write(ours, 2, 3)
    path.write_bytes(kept)
    write(ours, 4)
    with pytest.raises(Tampered, match="lines are missing before it: 3 to 4"):
        verified(path)


def test_a_file_that_vanishes_while_it_runs_leaves_a_gap(path: Path) -> None:
    ours = trail(path, rotate=4096)
    write(ours, *range(30))
    assert len(rotated(path)) == 2
    path.unlink()
    write(ours, 99)
    with pytest.raises(Tampered, match="lines are missing"):
        verified(*rotated(path))


# ---------------------------------------------------------------------------------------------- standard output


def test_a_stream_is_a_chain_of_its_own(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        one, two = (Stream(KEY, Sink(out.fileno())) for _ in range(2))
        for number in range(3):
            one.append(facts(number))
            two.append(facts(number))
        one.close()
        two.close()
    walk = verified(tmp_path / "out", key=KEY)
    assert [each.last.seq for each in walk.chains.values()] == [4, 4]


def until_it_fails(stream: Stream, message: str, **more: Any) -> None:
    def append_on() -> None:
        while True:
            stream.append(facts(1, **more))

    with pytest.raises(OSError, match=message):
        append_on()


def test_a_stream_whose_reader_is_gone_is_an_error_and_no_crash() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    sink = Sink(theirs)
    stream = Stream(None, sink, late=0.0)
    until_it_fails(stream, "nobody reads it|too slow")
    assert stream.late >= 1
    # Its thread tries again for ever: the number must go on meaning something that takes it.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, theirs)
    os.close(null)
    stream.close()
    assert sink.drain(PATIENCE)  # the next pipe may get the same number
    os.close(theirs)


@pytest.mark.parametrize(
    ("late", "room", "message"), [(0.05, 1 << 30, "nobody reads it"), (3600.0, BIG, "its reader is too slow")]
)
def test_a_stream_that_nobody_reads_loses_no_line_that_it_took(late: float, room: int, message: str) -> None:
    ours, theirs = os.pipe()
    sink = Sink(theirs, room=room)
    stream = Stream(None, sink, late)
    until_it_fails(stream, message, path="x" * 5000)
    read, taken = b"", sink.waiting
    assert taken
    while sink.waiting:  # also of what was read just now, until its thread has noticed
        if select.select([ours], [], [], 0.01)[0]:
            read += os.read(ours, 65536)
    stream.append(facts(2))
    stream.close()
    os.close(theirs)
    while more := os.read(ours, 65536):
        read += more
    os.close(ours)
    walk = Walk()
    for line in read.splitlines():
        walk.feed("out", line)
    assert len(read.splitlines()) > taken
    assert json.loads(read.splitlines()[-1])["number"] == 2
