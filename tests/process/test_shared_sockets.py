"""Addresses that several processes share: ports, port 0, unix sockets, and what is taken already."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.process.shared_sockets import SharedSockets
from proxy.values.listen import Listener, parse


@pytest.fixture
def sockets() -> Iterator[SharedSockets]:
    sockets = SharedSockets()
    yield sockets
    sockets.close()


@pytest.fixture
def path() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"{folder}/k.sock"


def worker(listener: Listener) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind((listener.host, listener.port))
    made.listen()
    return made


def test_port_0_becomes_one_that_workers_share_and_connections_reach_only_them(sockets: SharedSockets) -> None:
    sockets.open(parse("127.0.0.1:0"))
    (bound,) = sockets.addresses
    assert bound.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(bound[:2])
    with worker(bound) as first, worker(bound) as second:
        first.setblocking(False)
        second.setblocking(False)
        callers = [socket.create_connection(bound[:2]) for _ in range(64)]
        taken = [count_accepted(first), count_accepted(second)]
        for caller in callers:
            caller.close()
    assert sum(taken) == 64
    assert all(taken), "the kernel spreads them"


def count_accepted(listening: socket.socket) -> int:
    count = 0
    while True:
        try:
            listening.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


@pytest.mark.parametrize("reuse", [False, True])
def test_a_taken_port_is_an_error_also_if_its_owner_would_share(sockets: SharedSockets, reuse: bool) -> None:
    with socket.socket() as owner:
        if reuse:
            owner.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        owner.bind(("127.0.0.1", 0))
        owner.listen()
        port = owner.getsockname()[1]
        with pytest.raises(OSError, match=f"127.0.0.1.*{port}.*address already in use"):
            sockets.open(parse(f"127.0.0.1:{port}"))


def test_every_address_of_a_name_has_the_same_port(sockets: SharedSockets) -> None:
    sockets.open(parse("localhost:0"))
    ports = {each.getsockname()[1] for each in sockets._sockets}
    assert ports == {sockets.addresses[0].port}


def test_an_unknown_host(sockets: SharedSockets) -> None:
    with pytest.raises(OSError, match=r"nowhere\.invalid"):
        sockets.open(parse("nowhere.invalid:80"))


def test_a_unix_socket_is_bound_once_and_removed(sockets: SharedSockets, path: str) -> None:
    sockets.open(parse(f"unix:{path}"))
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(path)
    assert list(sockets.inherited) == [f"unix:{path}"]
    sockets.close()
    assert not Path(path).exists()


def test_a_unix_socket_that_a_dead_process_left_is_replaced(sockets: SharedSockets, path: str) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)
    sockets.open(parse(f"unix:{path}"))
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(path)


def test_a_unix_socket_where_someone_listens_is_taken(sockets: SharedSockets, path: str) -> None:
    with socket.socket(socket.AF_UNIX) as owner:
        owner.bind(path)
        owner.listen()
        with pytest.raises(OSError, match=f"{path}: address already in use"):
            sockets.open(parse(f"unix:{path}"))


def test_an_ordinary_file_is_not_removed(sockets: SharedSockets, path: str) -> None:
    Path(path).write_text("mine", encoding="ascii")
    with pytest.raises(OSError, match="address already in use"):
        sockets.open(parse(f"unix:{path}"))
    assert Path(path).read_text(encoding="ascii") == "mine"
