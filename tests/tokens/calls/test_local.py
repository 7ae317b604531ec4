"""Commands and files as real ones: those that hang, flood, fail, aren't there, or change while we run."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.auth.token import CommandRequest, FileRequest
from proxy.errors import FailureClass, IssuerError
from proxy.tokens.calls.local import Local
from tests.test_command import HANGS, STARTED, appears, dies


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Local]:
    made = Local(tmp_path)
    yield made
    made.close()


def python(code: str, timeout: float = 20.0, **variables: str) -> CommandRequest:
    return CommandRequest((sys.executable, "-c", code), timeout, variables)


async def failure(local: Local, request: CommandRequest | FileRequest) -> IssuerError:
    with pytest.raises(IssuerError) as failed:
        await local.answer(request)
    return failed.value


async def test_what_a_command_prints_is_the_answer(local: Local, tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd(), os.environ['A'], sys.stdin.read())"
    reply = await local.answer(python(code, A="1"))
    assert (reply.status, reply.body.split()) == (200, [str(tmp_path).encode(), b"1"])


@pytest.mark.parametrize(
    ("request_", "class_", "message"),
    [
        (CommandRequest(("no-such-command-here",), 5.0), FailureClass.CREDENTIAL, "can't be started (no such file"),
        (python("raise SystemExit(3)"), FailureClass.PASSING, "ended with exit code 3"),
        (python("print('x' * 70000)"), FailureClass.PASSING, "more than 65536 bytes"),
        (python("import time; time.sleep(60)", 0.3), FailureClass.PASSING, "more than 0.3 s"),
        (python("pass"), FailureClass.PASSING, "printed nothing"),
        (python("import os; os.kill(os.getpid(), 9)"), FailureClass.PASSING, "signal 9"),
    ],
)
async def test_commands_that_fail(local: Local, request_: CommandRequest, class_: FailureClass, message: str) -> None:
    failed = await failure(local, request_)
    assert (failed.failure, failed.again) == (class_, False)
    assert message in failed.message
    assert failed.hint


async def test_its_last_words_are_for_the_log_alone(local: Local) -> None:
    failed = await failure(local, python("import sys; sys.exit('no session for aB3dE6gH9jK2mN5p')"))
    assert failed.message == "the command ended with exit code 1; it said: no session for ***"
    assert "session" not in (failed.hint or "")


async def test_nothing_is_left_of_a_command_that_nobody_waits_for(local: Local, tmp_path: Path) -> None:
    waiting = asyncio.ensure_future(local.answer(python(HANGS, 60.0)))
    assert await asyncio.to_thread(appears, tmp_path / STARTED)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert dies(int((tmp_path / STARTED).read_text()))


async def test_commands_that_hang_hold_up_no_other(local: Local) -> None:
    hanging = [asyncio.ensure_future(local.answer(python("import time; time.sleep(60)", 60.0))) for _ in range(8)]
    async with asyncio.timeout(30):
        assert (await local.answer(python("print('done')"))).body == b"done\n"
    for each in hanging:
        each.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_a_file_is_read_anew_each_time(local: Local, tmp_path: Path) -> None:
    token = tmp_path / "token"
    for content in (b"one\n", b"two\n"):
        token.write_bytes(content)
        assert (await local.answer(FileRequest("token"))).body == content
        assert (await local.answer(FileRequest(str(token)))).body == content


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", "missing: no such file or directory"),
        ("empty", "empty: empty"),
        ("blank", "blank: empty"),
        ("long", "long: longer than 64 KiB"),
        (".", "is a directory"),
        ("a\0b", "no name of a file"),
    ],
)
async def test_files_that_hold_no_token(local: Local, tmp_path: Path, name: str, message: str) -> None:
    for written, content in (("empty", b""), ("blank", b" \n"), ("long", b"x" * 70000)):
        (tmp_path / written).write_bytes(content)
    failed = await failure(local, FileRequest(name))
    assert message in failed.message
    assert (failed.failure, failed.again) == (FailureClass.PASSING, False)
