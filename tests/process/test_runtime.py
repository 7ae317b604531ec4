"""The runtime socket: where it lies, who is let in, what is asked and answered over it."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from proxy.errors import Fault
from proxy.process.asking import ask, begin
from proxy.process.runtime import Answer, Ask, Runtime, folder, path_of, read_line
from tests.raw import PATIENCE


@pytest.fixture
def path() -> Iterator[Path]:
    """Short, since a unix socket's path may have 107 bytes."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made) / "keyless" / "a.sock"


@asynccontextmanager
async def answering(path: Path, **answers: Ask) -> AsyncIterator[Runtime]:
    runtime = Runtime(path, answers)
    runtime.open()
    yield runtime
    await runtime.close()


async def echo(names: Sequence[str]) -> Answer:
    return Answer({"names": list(names)})


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_RUNTIME_DIR": "/run/user/7"}, Path("/run/user/7/keyless")),
        ({"XDG_RUNTIME_DIR": "", "XDG_STATE_HOME": "/state"}, Path("/state/keyless")),
        ({}, Path.home() / ".local/state/keyless"),
    ],
)
def test_its_folder(environ: dict[str, str], expected: Path) -> None:
    assert folder(environ) == expected


def test_one_config_has_one_name_however_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").touch()
    (tmp_path / "link.yaml").symlink_to("config.yaml")
    names = {path_of(each, {}) for each in (Path("config.yaml"), tmp_path / "config.yaml", Path("link.yaml"))}
    assert len(names) == 1
    assert path_of(Path("other.yaml"), {}) not in names


async def test_what_never_answers_is_not_waited_for_for_ever(path: Path) -> None:
    async def hang(_names: Sequence[str]) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    async with answering(path, hang=hang):
        with pytest.raises(TimeoutError):
            await ask(path, "hang", patience=0.01)


async def test_it_answers_and_goes_with_its_process(path: Path) -> None:
    async with answering(path, echo=echo):
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert await ask(path, "echo", "a", "ö") == {"names": ["a", "ö"]}
    assert not path.exists()
    with pytest.raises(FileNotFoundError):
        await ask(path, "echo")


async def test_a_fault_is_raised_at_the_other_end(path: Path) -> None:
    async def refuse(_names: Sequence[str]) -> Answer:
        raise Fault("provider_unconfigured", "set A", provider="crm")

    async with answering(path, refuse=refuse):
        with pytest.raises(Fault) as raised:
            await ask(path, "refuse")
        assert (raised.value.code, raised.value.detail, raised.value.provider) == (
            "provider_unconfigured",
            "set A",
            "crm",
        )
        with pytest.raises(Fault, match="does not know"):
            await ask(path, "something else")


@pytest.mark.parametrize("garbage", [b"\n", b"no json\n", b"[1]\n", b"{}\n", b"", b'{"ask": "echo"'])
async def test_garbage_ends_one_connection_only(path: Path, garbage: bytes) -> None:
    async with answering(path, echo=echo):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(garbage)
            client.shutdown(socket.SHUT_WR)
            async with asyncio.timeout(PATIENCE):
                while await asyncio.to_thread(client.recv, 65536):
                    pass
        assert await ask(path, "echo") == {"names": []}


async def test_descriptors_come_along_and_the_connection_goes_on(path: Path) -> None:
    ours, theirs = os.pipe()
    heard = asyncio.get_running_loop().create_future()

    async def then(connection: socket.socket) -> None:
        heard.set_result(await read_line(connection))

    async def give(_names: Sequence[str]) -> Answer:
        return Answer({"much": "x" * 300_000}, (theirs, theirs), then)

    async with answering(path, give=give):
        asked = await begin(path, "give")
        assert len(asked.document["much"]) == 300_000
        assert len(asked.descriptors) == 2
        for descriptor in asked.descriptors:
            os.write(descriptor, b"x")
            os.close(descriptor)
        assert os.read(ours, 10) == b"xx"
        with asked.connection:
            await asyncio.get_running_loop().sock_sendall(asked.connection, b"ready\n")
            async with asyncio.timeout(PATIENCE):
                assert await heard == b"ready\n"
    os.close(ours)
    os.close(theirs)


async def test_what_a_dead_process_left_is_replaced_and_a_living_one_is_not(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with answering(path, echo=echo):
        with pytest.raises(OSError, match="in use"):
            Runtime(path, {}).open()
        assert await ask(path, "echo") == {"names": []}


async def test_a_folder_that_others_can_enter_is_not_used(path: Path) -> None:
    path.parent.mkdir(mode=0o755)
    path.parent.chmod(0o755)
    with pytest.raises(PermissionError, match="chmod 700"):
        Runtime(path, {}).open()
    assert not path.exists()
