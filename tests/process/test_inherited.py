"""Which of the sockets that another process made is which listener's."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from proxy.process.inherited import assigned, from_systemd
from proxy.values.listen import parse


def test_by_address_whatever_their_order(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with ExitStack() as stack:
        unix = stack.enter_context(socket.socket(socket.AF_UNIX))
        unix.bind(path)
        one, two = (stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2))
        ports = [each.getsockname()[1] for each in (one, two)]
        listen = [f"127.0.0.1:{ports[1]}", f"unix:{path}", f"localhost:{ports[0]}", "127.0.0.1:1"]
        assert assigned(list(map(parse, listen)), [one, unix, two]) == {
            listen[0]: [two],
            listen[1]: [unix],
            listen[2]: [one],
        }


def test_one_that_nobody_asked_for_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as stray, pytest.raises(OSError, match="not in `listen`"):
        assigned([parse("127.0.0.1:1")], [stray])


@pytest.mark.parametrize(
    "environ", [{}, {"LISTEN_FDS": "1"}, {"LISTEN_PID": "1", "LISTEN_FDS": "1"}, {"LISTEN_PID": str(os.getpid())}]
)
def test_what_is_for_another_process_is_left_alone(environ: dict[str, str]) -> None:
    assert from_systemd([parse("127.0.0.1:1")], environ) == {}
    assert environ == {}, "nor is it passed on"
