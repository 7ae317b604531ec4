"""Frames keep their length and order; secrets in text become stars, however frames and reads are cut."""

from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.plan.replies.frames import FrameError, Frames
from proxy.plan.replies.scrub import NOTHING, Needles

SECRET = "abcabcabd-secret"
NEEDLES = Needles([SECRET])
STARS = b"*" * len(SECRET)
TEXT, BINARY, MORE, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


def frame(opcode: int, content: bytes, *, final: bool = True, wide: int = 0) -> bytes:
    """`wide` forces a longer length field than is needed."""
    first = opcode | (0x80 if final else 0)
    size = len(content)
    if size > 65535 or wide == 8:
        return struct.pack("!BBQ", first, 127, size) + content
    if size > 125 or wide == 2:
        return struct.pack("!BBH", first, 126, size) + content
    return struct.pack("!BB", first, size) + content


def fed(frames: Frames, data: bytes, cuts: list[int]) -> bytes:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return b"".join(frames.feed(data[start:end]) for start, end in itertools.pairwise(edges))


def split(content: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(content) + 1) for cut in cuts), len(content)]
    return [content[start:end] for start, end in itertools.pairwise(edges)]


WORDS = st.lists(st.sampled_from([SECRET, "abcabc", "x", "a", "ünï", SECRET[:-1], " " * 130]), max_size=6).map("".join)
CUTS = st.lists(st.integers(0, 300), max_size=5)


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """The frames of one message as they come, and as they should go: stars by what the whole message says."""
    opcode = draw(st.sampled_from([TEXT, BINARY]))
    content, cuts, wide = draw(WORDS).encode(), draw(CUTS), draw(st.sampled_from([0, 2, 8]))
    whole = NEEDLES.scrub(content) if opcode == TEXT else content
    came, goes = (
        b"".join(
            frame(MORE if number else opcode, piece, final=number == len(cuts), wide=wide)
            for number, piece in enumerate(split(each, cuts))
        )
        for each in (content, whole)
    )
    return came, goes


@settings(deadline=None)
@given(st.lists(messages(), max_size=4), CUTS)
def test_every_message_is_scrubbed_as_a_whole_and_every_frame_keeps_its_length(
    several: list[tuple[bytes, bytes]], cuts: list[int]
) -> None:
    came, goes = b"".join(each[0] for each in several), b"".join(each[1] for each in several)
    assert fed(Frames(NEEDLES), came, cuts) == goes
    assert fed(Frames(NEEDLES), came, list(range(len(came)))) == goes


@settings(deadline=None)
@given(st.lists(messages(), max_size=3), st.lists(st.sampled_from([PING, PONG]), max_size=3), CUTS)
def test_without_needles_nothing_changes_and_nothing_waits(
    several: list[tuple[bytes, bytes]], controls: list[int], cuts: list[int]
) -> None:
    came = b"".join([*(each[0] for each in several), *(frame(opcode, b"beat") for opcode in controls)])
    frames = Frames(NOTHING)
    for piece in split(came, cuts):
        assert len(frames.feed(piece)) >= len(piece) - 9, "but for a header that is not whole"


@pytest.mark.parametrize("cut", range(1, len(SECRET)))
@pytest.mark.parametrize("control", [PING, PONG])
def test_a_control_frame_within_a_message_does_not_wait(cut: int, control: int) -> None:
    """Of a secret that it cuts in two, at most seven bytes have gone out before."""
    beat = frame(control, b"beat")
    came = frame(TEXT, SECRET[:cut].encode(), final=False) + beat + frame(MORE, SECRET[cut:].encode())
    frames = Frames(NEEDLES)
    out = frames.feed(came[: 2 + cut + len(beat)])
    assert out.endswith(beat)
    assert len(out) == 2 + cut + len(beat)
    shown = SECRET[:cut].encode() if cut < 8 else b"*" * cut
    rest = b"*" * (len(SECRET) - cut)
    assert out + frames.feed(came[len(out) :]) == frame(TEXT, shown, final=False) + beat + frame(MORE, rest)


def test_a_message_that_ends_is_not_held() -> None:
    frames = Frames(NEEDLES)
    text = frame(TEXT, b"so far: abcabc")
    assert frames.feed(text) == text
    assert frames.feed(text) == text


def test_the_reason_of_a_close_is_scrubbed() -> None:
    said = frame(CLOSE, b"\x03\xe8bad token " + SECRET.encode())
    for cuts in ([], [1, 2, 3, 7, 20]):
        assert fed(Frames(NEEDLES), said, cuts) == frame(CLOSE, b"\x03\xe8bad token " + STARS)


def test_empty_frames_do_not_pile_up() -> None:
    frames = Frames(NEEDLES)
    frames.feed(frame(TEXT, b"abcabc", final=False))
    sent = sum(len(frames.feed(frame(MORE, b"", final=False))) for _ in range(10_000))
    assert sent > 2 * 10_000 - 200
    end = frames.feed(frame(MORE, SECRET[6:].encode()))
    assert end.endswith(frame(MORE, b"*" * (len(SECRET) - 6)))


def test_large_frames_pass_in_pieces() -> None:
    content = b"x" * 200_000 + SECRET.encode() + b"x" * 1000
    came = frame(TEXT, content)
    frames = Frames(NEEDLES)
    assert len(frames.feed(came[:100_000])) == 100_000
    assert frames.feed(came[100_000:]) == frame(TEXT, content.replace(SECRET.encode(), STARS))[100_000:]


@pytest.mark.parametrize(
    "came",
    [
        b"\xc1\x00",  # RSV1: compressed, though nobody asked for it
        b"\xa1\x00",
        b"\x83\x00",  # an opcode without a meaning
        b"\x8b\x00",
        b"\x81\x80\x00\x00\x00\x00",  # masked
        b"\x82\xff" + bytes(8),
        b"\x81\x7f\x80" + bytes(7),  # a length of 64 bits
        b"\x09\x00",  # a ping in parts
        b"\x89\x7e\x00\x7e",  # a long ping
        b"\x80\x00",  # a continuation of nothing
        b"\x01\x00\x81\x00",  # a message within a message
        b"HTTP/1.1 200 OK\r\n",
    ],
)
def test_what_is_no_frame_does_not_pass(came: bytes) -> None:
    for cuts in ([], list(range(len(came)))):
        with pytest.raises(FrameError):
            fed(Frames(NEEDLES), came, cuts)


@settings(deadline=None)
@given(st.binary(max_size=200), CUTS)
def test_any_bytes_end_in_frames_or_in_an_error(data: bytes, cuts: list[int]) -> None:
    outcomes = []
    for how in (cuts, []):
        frames = Frames(NEEDLES)
        try:
            outcomes.append(fed(frames, data, how))
        except FrameError as error:
            outcomes.append(str(error).encode())
    assert outcomes[0] == outcomes[1]
