import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from proxy.config.model import Log
from proxy.logs.setup import PIECE, SHARED_PIECE, piece, serving


@pytest.fixture
def pipe() -> Iterator[TextIO]:
    read, write = os.pipe()
    with os.fdopen(read), os.fdopen(write, "w") as stream:
        yield stream


@pytest.fixture
def file(tmp_path: Path) -> Iterator[TextIO]:
    with (tmp_path / "log").open("w", encoding="utf-8") as stream:
        yield stream


@pytest.mark.parametrize(
    ("into", "shared", "bytes_at_once"),
    [
        ("pipe", True, SHARED_PIECE),
        ("pipe", False, PIECE),
        ("file", True, PIECE),
        ("file", False, PIECE),
    ],
)
def test_only_what_several_workers_write_to_a_pipe_must_be_short(
    into: str, shared: bool, bytes_at_once: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", request.getfixturevalue(into))
    with serving(Log(), shared=shared):
        assert piece() == bytes_at_once
    assert piece() == SHARED_PIECE, "nobody serves: others may write there, too"


def test_a_short_piece_is_what_a_pipe_takes_as_a_whole(pipe: TextIO) -> None:
    assert os.fpathconf(pipe.fileno(), "PC_PIPE_BUF") >= SHARED_PIECE
