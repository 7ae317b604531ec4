"""What this machine lacks is told from what others do wrong."""

from __future__ import annotations

import errno
import resource
import socket

import pytest

from proxy import shortage
from proxy.errors import Fault
from proxy.wire.inbound.parser import Parser
from tests.descriptors import without_descriptors


@pytest.mark.parametrize(
    ("error", "lack"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "file descriptors"),
        (OSError(errno.ENFILE, "File table overflow"), "file descriptors"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "memory"),
        (OSError(errno.ENOBUFS, "No buffer space available"), "memory"),
        (MemoryError(), "memory"),
        (OSError(errno.ECONNREFUSED, "Connection refused"), None),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), None),
        (ValueError(), None),
    ],
)
def test_whose_fault_an_error_is(error: BaseException, lack: str | None) -> None:
    of = shortage.of(error)
    assert of is None if lack is None else of is not None and of.startswith(lack)


def test_a_name_that_could_not_be_looked_up_for_want_of_a_socket_blames_this_machine() -> None:
    error = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    with without_descriptors():
        lack = shortage.of(error)
    assert lack is not None
    assert lack.startswith("file descriptors")


def test_the_limit_is_raised_as_far_as_the_system_lets_us() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
        shortage.raise_limit()
        assert shortage.limit() == (min(hard, shortage.MOST) if hard != resource.RLIM_INFINITY else shortage.MOST)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_some_are_kept_for_those_who_are_served() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
        assert [shortage.is_nearly_out(number) for number in (-1, 3, 223, 224, 255)] == [
            False,
            False,
            False,
            True,
            True,
        ]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Forgetful:
    """A connection for whose next body there is no memory."""

    def requested(self, *head: object) -> None:
        pass

    def body(self, data: bytes) -> None:
        raise MemoryError

    def ended(self) -> None:
        pass


def test_a_body_that_finds_no_memory_is_no_bad_request() -> None:
    parser = Parser(Forgetful(), 32768)  # type: ignore[arg-type]
    with pytest.raises(Fault) as raised:
        parser.feed(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
    assert (raised.value.code, raised.value.status) == ("overloaded", 503)
