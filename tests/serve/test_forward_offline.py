"""`--offline` answers from what was kept in files, and asks nobody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proxy.app import Service
from proxy.config.secrets.seal import Seal
from proxy.plan.caching.kept import Kept
from tests.conftest import Stage
from tests.raw import RawApi

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n%b\r\nok"
KEYS = {name: f"kls_{name}_0123456789abcdefgh" for name in ("ann", "ben")}
CLIENTS = [{"name": name, "key": key} for name, key in KEYS.items()]


async def offline(stage: Stage, **config: Any) -> None:
    """The same config, on the same address, in another process as it were."""
    await stage.service.__aexit__(None, None, None)
    loaded = stage.service.loaded
    listen = [stage.authority]
    service = await stage.stack.enter_async_context(
        Service(replace(loaded.with_config(listen=listen, **config), offline=True))
    )
    stage.service = service
    await service.listen()


async def opened(stage: Stage, head: bytes = b"", route: dict[str, Any] | None = None, **config: Any) -> RawApi:
    api = await stage.api(OK % head)
    written = {"upstream": api.url, "provider": "oauth2", "cache": "60s"} | (route or {})
    await stage.open(
        {"/api": written, "/other": {"upstream": api.url, "provider": "none"}}, store="file:state", **config
    )
    return api


async def test_what_was_kept_answers_and_nobody_is_asked(stage: Stage) -> None:
    api = await opened(stage, b"X-Seen: yes\r\n")
    await stage.call("/api/x?a=1")
    await offline(stage)
    before = len(api.requests), stage.mints()
    again = await stage.call("/api/x?a=1")
    assert (again.status, again.body, again.get("X-Seen")) == (200, b"ok", "yes")
    assert (again.get("Cache-Status") or "").startswith("keyless; hit; ttl=")
    assert (len(api.requests), stage.mints()) == before


@pytest.mark.parametrize("path", ["/api/x?a=2", "/api/y", "/other/x"])
async def test_what_was_never_kept_is_said_to_be_missing(stage: Stage, path: str) -> None:
    api = await opened(stage)
    await stage.call("/api/x?a=1")
    await offline(stage)
    asked = len(api.requests)
    reply = await stage.call(path)
    assert (reply.status, reply.code, reply.get("X-Should-Retry"), reply.get("Retry-After")) == (
        504,
        "offline",
        "false",
        None,
    )
    assert (await stage.call("/api/x?a=1", "DELETE")).code == "offline"
    assert (await stage.call("/api/x?a=1", headers={"Range": "bytes=0-1"})).code == "offline"
    assert len(api.requests) == asked


@pytest.mark.parametrize(("said", "status"), [(b"max-age=9", 200), (b"max-age=9, must-revalidate", 504)])
async def test_old_replies_answer_too_unless_the_api_said_never(stage: Stage, said: bytes, status: int) -> None:
    await opened(stage, b"Cache-Control: %b\r\nAge: 0\r\n" % said)
    await stage.call("/api/x")
    await offline(stage)
    for path in (stage.folder / "state" / "cache").iterdir():
        older(stage, path)
    reply = await stage.call("/api/x", headers={"Cache-Control": "no-cache"})  # there is nothing fresher
    assert (reply.status, int(reply.get("Age") or 0) >= 3600) == (status, status == 200)


def older(stage: Stage, path: Path) -> None:
    """An hour, in the file."""
    seal = Seal([(stage.folder / "state" / "key").read_text().strip()])
    variant, kept = Kept.from_bytes(seal.open(path.read_bytes()))
    path.write_bytes(seal.seal(replace(kept, born=kept.born - 3600).to_bytes(variant)))


async def test_clients_have_only_their_own(stage: Stage) -> None:
    await opened(stage, clients=CLIENTS)
    ann, ben = ({"Authorization": f"Bearer {KEYS[name]}"} for name in ("ann", "ben"))
    await stage.call("/api/x", headers=ann)
    await offline(stage)
    assert (await stage.call("/api/x", headers=ann)).status == 200
    assert (await stage.call("/api/x", headers=ben)).code == "offline"
    assert (await stage.call("/api/x")).code == "client_key_required"


async def test_another_secret_is_another_cache(stage: Stage) -> None:
    await opened(stage)
    await stage.call("/api/x")
    provider = stage.service.loaded.config.providers["oauth2"]
    await offline(stage, providers={"oauth2": provider.model_copy(update={"client_id": "another"})})
    assert (await stage.call("/api/x")).code == "offline"


async def test_variants_are_told_apart(stage: Stage) -> None:
    api = await opened(stage, b"Vary: Accept-Language\r\n")
    for language in ("de", "zh"):
        await stage.call("/api/x", headers={"Accept-Language": language})
    await offline(stage)
    assert (await stage.call("/api/x", headers={"Accept-Language": "de"})).status == 200
    assert (await stage.call("/api/x", headers={"Accept-Language": "fr"})).code == "offline"
    assert len(api.requests) == 2


async def test_no_secret_lies_in_the_folder(stage: Stage) -> None:
    """An API that tells all it was sent."""
    await stage.open(
        {"/api": {"upstream": f"{stage.sandbox.url}/oauth2/api", "provider": "oauth2", "cache": "60s"}},
        store="file:state",
    )
    assert (await stage.call("/api/leak")).status == 200
    assert (await stage.call("/api/echo")).status == 200
    token = stage.token()
    await offline(stage)
    files = list((stage.folder / "state" / "cache").iterdir())
    assert files
    assert not [path for path in files if token.encode() in path.read_bytes() or b"echo" in path.read_bytes()]


async def test_without_a_file_store_nothing_is_written(stage: Stage) -> None:
    api = await stage.api(OK % b"")
    await stage.open({"/api": {"upstream": api.url, "provider": "none", "cache": "60s"}})
    await stage.call("/api/x")
    assert stage.service._lasting.caching._files is None
    assert [path.name for path in stage.folder.iterdir()] == ["config.yaml"]
