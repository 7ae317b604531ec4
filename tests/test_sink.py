"""Lines leave in order; a reader who does not read costs lines, which are counted, and never the writer's time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proxy.sink import Sink

PATIENCE = 60.0


class Pipe:
    """One whose reader is in no hurry."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self._sinks: list[Sink] = []

    def sink(self, gap: Callable[[int], str] | None = None, room: int = 1024 * 1024) -> Sink:
        self._sinks.append(Sink(self.writing, gap, room))
        return self._sinks[-1]

    def read(self, size: int) -> bytes:
        read = b""
        while len(read) < size:
            read += os.read(self.reading, size - len(read))
        return read

    def hang_up(self) -> None:
        if self.reading >= 0:
            os.close(self.reading)
        self.reading = -1

    def close(self) -> None:
        """The sinks' threads are done with the descriptor before its number can mean another file."""
        self.hang_up()
        for sink in self._sinks:
            assert sink.drain(PATIENCE)
        os.close(self.writing)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


def gap(lines: int) -> str:
    return f"lost {lines}\n"


def test_lines_come_out_in_order_and_whole(pipe: Pipe) -> None:
    sink = pipe.sink()
    text = [f"line {number} äöü\n" for number in range(100)]
    for line in text:
        assert sink.write(line) == len(line)
    assert sink.drain(PATIENCE)
    assert pipe.read(len("".join(text).encode())).decode() == "".join(text)
    assert (sink.waiting, sink.dropped, sink.stuck) == (0, 0, 0.0)


def test_who_does_not_read_costs_lines_that_are_told_where_they_are_missing(pipe: Pipe) -> None:
    sink = pipe.sink(gap, room=200_000)
    line = "x" * 999 + "\n"
    for _ in range(1000):
        assert sink.write(line) == len(line)
    taken = 1000 - sink.dropped
    assert 200 <= taken < 300, "the room, and what the pipe holds"
    assert not sink.drain(0.0)
    assert sink.stuck >= 0.0
    assert pipe.read(taken * 1000) == line.encode() * taken
    told = gap(1000 - taken)
    assert pipe.read(len(told)).decode() == told
    assert sink.drain(PATIENCE)
    assert sink.offer("again\n")
    assert pipe.read(6) == b"again\n"
    assert sink.dropped == 1000 - taken


def test_a_gap_lasts_until_all_that_waits_was_read(pipe: Pipe) -> None:
    """Else lines would stand before the word that others before them are missing."""
    sink = pipe.sink(gap, room=100_000)
    while not sink.dropped:
        sink.write("x" * 999 + "\n")
    assert not sink.offer("short\n"), "though there is room for it"


def test_a_line_longer_than_the_room_goes_alone(pipe: Pipe) -> None:
    sink = pipe.sink(room=10)
    assert sink.offer("longer than ten\n")
    assert pipe.read(16) == b"longer than ten\n"


def test_a_reader_that_went_away_costs_lines_only(pipe: Pipe) -> None:
    sink = pipe.sink(gap)
    pipe.hang_up()
    for _ in range(3):
        sink.write("to nobody\n")
        assert sink.drain(PATIENCE)
    assert sink.dropped >= 3


def test_a_line_that_is_lost_counts_once_however_often_the_gap_is_told_in_vain(pipe: Pipe) -> None:
    sink = pipe.sink(gap)
    pipe.hang_up()
    for _ in range(20):
        sink.write("nobody hears it\n")
        assert sink.drain(PATIENCE)
    assert sink.dropped == 20


def test_a_descriptor_that_another_process_made_non_blocking_loses_nothing(pipe: Pipe) -> None:
    os.set_blocking(pipe.writing, False)
    sink = pipe.sink(gap)
    sent = "y" * 299_999 + "\n"
    assert sink.offer(sent)
    assert pipe.read(len(sent)) == sent.encode()
    assert sink.dropped == 0


def test_without_a_gap_what_a_full_device_refuses_is_tried_again(tmp_path: Path) -> None:
    """As /dev/full does for ever."""
    full = os.open("/dev/full", os.O_WRONLY)
    sink = Sink(full)
    assert sink.offer("a line\n")
    assert not sink.drain(0.01)
    ours = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
    os.dup2(ours, full)
    os.close(ours)
    assert sink.drain(PATIENCE)
    assert (tmp_path / "out").read_text() == "a line\n"
    assert (sink.waiting, sink.dropped) == (0, 0)
    os.close(full)
