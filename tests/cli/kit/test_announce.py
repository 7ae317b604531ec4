"""Whoever does not read what is said holds up nothing."""

from __future__ import annotations

import os
import threading

from proxy.cli.kit.announce import Announcer

PIPE = 1 << 20
"""Bytes; more than a pipe takes."""


def test_texts_come_whole_and_in_turn() -> None:
    read, write = os.pipe()
    with os.fdopen(read) as reader:
        with Announcer(write) as announcer:
            announcer.say("one\n")
            announcer.say(lambda: "two\n")
            announcer.say("three \u2026\n")
        os.close(write)
        assert reader.read().replace("\\u2026", "\u2026") == "one\ntwo\nthree \u2026\n"


def test_a_pipe_that_nobody_reads_delays_nobody() -> None:
    """But the end, for a second."""
    read, write = os.pipe()
    with Announcer(write) as announcer:
        announcer.say("x" * PIPE)
        announcer.say("stopping\n")
    left = b""
    while not left.endswith(b"stopping\n"):  # the thread waits for its reader, and nobody for the thread
        left += os.read(read, PIPE)
    os.close(read)
    os.close(write)


def test_a_reader_that_has_gone_ends_what_is_said() -> None:
    read, write = os.pipe()
    os.close(read)
    with Announcer(write) as announcer:
        announcer.say("one\n")
        announcer.say(lambda: "two\n")
    assert not any(thread.name == "announce" and thread.is_alive() for thread in threading.enumerate())
    os.close(write)
