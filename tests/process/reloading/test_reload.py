"""Secrets that change, and configs that are edited, while requests go on."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.config.load import load
from proxy.config.loaded import Loaded
from proxy.process.reloading.changes import Changes
from proxy.process.reloading.reload import Reloader
from proxy.sandbox import KEY, SECRET
from tests.conftest import Stage, providers
from tests.raw import PATIENCE

NEW = "a-new-secret-for-the-sandbox"


def rotating(stage: Stage, secret: str = "${file:secret}", **more: Any) -> dict[str, Any]:
    """The OAuth2 style, whose secret lies in a file."""
    written = stage.folder / "secret"
    if not written.exists():
        written.write_text(f"{SECRET}\n", encoding="utf-8")
        written.chmod(0o600)
    return {"providers": {"oauth2": providers(stage.sandbox.url)["oauth2"] | {"client_secret": secret}} | more}


def swap(path: Path, content: str) -> None:
    """As an editor does it: a new file takes the old one's name."""
    temp = path.with_name(".new")
    temp.write_text(content, encoding="utf-8")
    temp.chmod(0o600)
    temp.rename(path)


def route(stage: Stage) -> dict[str, Any]:
    return {"/oauth2": {"upstream": f"{stage.sandbox.url}/oauth2/api", "provider": "oauth2"}}


async def opened(stage: Stage, **config: Any) -> Loaded:
    await stage.open(routes=config.pop("routes", route(stage)), **(rotating(stage) | config))
    return load(stage.folder / "config.yaml", environ={})


@asynccontextmanager
async def reloading(stage: Stage, loaded: Loaded, whole: bool = False) -> AsyncIterator[Reloader]:
    path = stage.folder / "config.yaml" if whole else None
    async with Reloader(loaded, stage.service.replace, path) as reloader:
        yield reloader


class Load:
    """Clients that ask again as soon as they are answered; what was not a 200 is a failure."""

    def __init__(self, stage: Stage, path: str = "/oauth2/echo", clients: int = 4) -> None:
        self.statuses: Counter[int] = Counter()
        self._stage = stage
        self._path = path
        self._clients = clients
        self._end = asyncio.Event()

    async def __aenter__(self) -> Load:
        self._tasks = [asyncio.create_task(self._run()) for _ in range(self._clients)]
        await self.more()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._end.set()
        await asyncio.gather(*self._tasks)

    async def _run(self) -> None:
        while not self._end.is_set():
            self.statuses[(await self._stage.call(self._path)).status] += 1

    async def more(self, count: int = 50) -> None:
        """That many more have been answered."""
        wanted = self.statuses.total() + count
        await self._stage.until(lambda: self.statuses.total() >= wanted)


def said(stage: Stage, event: str) -> list[str]:
    return [line for line in stage.log.getvalue().splitlines() if event in line]


def sent_secrets(stage: Stage) -> int:
    return stage.sandbox.token_requests["oauth2"]


async def rotated(stage: Stage, load_: Load, change: Callable[[], None]) -> None:
    """The issuer knows both for no moment: the new secret replaces the old one; live tokens stay good."""
    stage.sandbox.keys = {KEY: NEW}
    change()
    await stage.sandbox.until(lambda: stage.mints() == 2)
    await stage.until(lambda: stage.service.cells["oauth2"].life.mints == 1)
    await load_.more()


# ---------------------------------------------------------------------------------------------- secrets


async def test_trap_18_a_rotated_secret_takes_effect_under_load_without_a_dead_request(stage: Stage) -> None:
    loaded = await opened(stage)
    old = stage.service.cells["oauth2"]
    async with reloading(stage, loaded), Load(stage) as traffic:
        await rotated(stage, traffic, lambda: swap(stage.folder / "secret", NEW))
    assert set(traffic.statuses) == {200}
    assert stage.service.cells["oauth2"].key != old.key
    assert (stage.mints(), sent_secrets(stage)) == (2, 2), "one mint per secret"
    (line,) = said(stage, "secret changed")
    assert "oauth2" in line
    assert NEW not in stage.log.getvalue()
    assert SECRET not in stage.log.getvalue()


async def test_trap_18_a_swapped_kubernetes_mount_is_seen(stage: Stage) -> None:
    """The kubelet makes a new folder and swaps the link `..data`; the file itself stays a link to ..data/secret."""
    mount = stage.folder / "mount"
    for version, secret in (("..1", SECRET), ("..2", NEW)):
        (mount / version).mkdir(parents=True)
        (mount / version / "secret").write_text(secret)
    (mount / "..data").symlink_to("..1")
    (mount / "secret").symlink_to("..data/secret")
    loaded = await opened(stage, **rotating(stage, "${file:mount/secret}"))

    def swap_link() -> None:
        (mount / "..tmp").symlink_to("..2")
        (mount / "..tmp").rename(mount / "..data")

    async with reloading(stage, loaded), Load(stage) as traffic:
        await rotated(stage, traffic, swap_link)
    assert set(traffic.statuses) == {200}


async def test_trap_18_dotenv_is_watched(stage: Stage) -> None:
    (stage.folder / ".env").write_text(f"THE_SECRET={SECRET}\n")
    loaded = await opened(stage, **rotating(stage, "${THE_SECRET}"))
    async with reloading(stage, loaded), Load(stage) as traffic:
        await rotated(stage, traffic, lambda: swap(stage.folder / ".env", f"THE_SECRET={NEW}\n"))
    assert set(traffic.statuses) == {200}


async def test_trap_18_until_the_issuer_knows_the_new_secret_the_old_token_serves(stage: Stage) -> None:
    """Propagation lag: the new secret is refused for a while. Nothing is minted with the old one meanwhile."""
    loaded = await opened(stage)
    old = stage.service.cells["oauth2"]
    first = stage.token()
    async with reloading(stage, loaded) as reloader, Load(stage) as traffic:
        swap(stage.folder / "secret", NEW)
        await stage.sandbox.until(lambda: sent_secrets(stage) == 2)
        await traffic.more()
        assert stage.service.cells["oauth2"] is old
        assert stage.token() == first
        status = (await stage.call("/-/status")).json()["providers"]["oauth2"]
        assert status["state"] == "fresh"
        assert status["last_error"], "the operator sees that the new secret is refused"
        stage.sandbox.keys = {KEY: NEW}
        assert (await stage.call("/-/providers/oauth2/refresh", "POST")).status == 200
        await traffic.more()
        await reloader.reread()
    assert set(traffic.statuses) == {200}
    assert old.successor is not None
    assert old.successor.life.mints == 1
    assert old.life.mints == 1


async def test_trap_18_a_token_that_dies_with_its_secret_is_replaced_by_the_new_ones(stage: Stage) -> None:
    """Issuers revoke what an old secret has minted: a request that meets this is replayed with the new token."""
    loaded = await opened(stage)
    stage.sandbox.gate.clear()
    async with reloading(stage, loaded):
        swap(stage.folder / "secret", NEW)
        stage.sandbox.keys = {KEY: NEW}
        await stage.sandbox.until(lambda: sent_secrets(stage) == 2)
        stage.sandbox.void()
        calls = [asyncio.create_task(stage.call("/oauth2/echo", "POST", data=b"x")) for _ in range(20)]
        await stage.sandbox.until(lambda: stage.sandbox.api_requests >= 20)
        stage.sandbox.gate.set()
        replies = await asyncio.gather(*calls)
    assert {reply.status for reply in replies} == {200}
    assert stage.mints() == 2


async def test_trap_18_a_mint_in_flight_for_the_old_secret_cannot_write_over_the_new_token(stage: Stage) -> None:
    """ai-gateway #2603: the slow answer to the old secret comes when the new one's token serves already."""
    loaded = await opened(stage)
    old = stage.service.cells["oauth2"]
    stage.sandbox.gate.clear()
    old.life.expired()
    waiting = asyncio.create_task(stage.call("/oauth2/echo"))
    await stage.sandbox.until(lambda: sent_secrets(stage) == 2)
    async with reloading(stage, loaded):
        swap(stage.folder / "secret", NEW)
        stage.sandbox.keys = {KEY: SECRET}
        await stage.until(lambda: stage.service.cells["oauth2"] is not old)
        new = stage.service.cells["oauth2"]
        await stage.sandbox.until(lambda: sent_secrets(stage) == 3)
        stage.sandbox.keys = {KEY: NEW}
        stage.sandbox.gate.set()
        await stage.until(lambda: new.life.mints == 1)
        assert (await waiting).status == 200
        serving = new.life.token
        await old.landed()
        assert new.life.token is serving
        assert (await stage.call("/oauth2/echo")).status == 200


async def test_trap_18_a_login_survives_a_new_client_secret(stage: Stage) -> None:
    """The rotating refresh token belongs to the client: with a new secret it is spent on."""
    stage.sandbox.rotate_refresh = True
    (refresh,) = stage.sandbox.refresh_tokens
    login = {"grant": "refresh_token", "refresh_token": refresh}
    config = rotating(stage)
    config["providers"]["oauth2"] |= login
    loaded = await opened(stage, **config)
    async with reloading(stage, loaded), Load(stage) as traffic:
        await rotated(stage, traffic, lambda: swap(stage.folder / "secret", NEW))
    assert set(traffic.statuses) == {200}


async def test_a_static_secret_is_swapped_at_once(stage: Stage) -> None:
    key = stage.folder / "key"
    key.write_text("first-static-token")
    static = {"scheme": "static", "token": "${file:key}"}
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    api = await stage.api(ok)
    loaded = await opened(
        stage, providers={"api": static}, routes={"/oauth2": {"upstream": api.url, "provider": "api"}}
    )
    async with reloading(stage, loaded) as reloader, Load(stage) as traffic:
        swap(key, "second-static-token")
        await reloader.reread()
        count = len(api.requests)
        await traffic.more()
    seen = [request.get("Authorization") for request in api.requests]
    assert seen[0] == "Bearer first-static-token"
    assert set(seen[count + 4 :]) == {"Bearer second-static-token"}
    assert set(traffic.statuses) == {200}


async def test_two_providers_of_one_credential_of_which_one_is_rotated(stage: Stage) -> None:
    """The one that stays must neither be given the other's token nor lose its own."""
    other = providers(stage.sandbox.url)["oauth2"] | {"client_secret": SECRET}
    routes = route(stage) | {"/other": {"upstream": f"{stage.sandbox.url}/oauth2/api", "provider": "other"}}
    loaded = await opened(stage, routes=routes, **rotating(stage, other=other))
    shared = stage.service.cells["other"]
    assert shared is stage.service.cells["oauth2"]
    stage.sandbox.gate.clear()
    async with reloading(stage, loaded) as reloader:
        swap(stage.folder / "secret", NEW)
        await reloader.reread()
        assert stage.service.cells["oauth2"] is shared
        assert shared.successor is None
        stage.sandbox.keys = {KEY: NEW}
        stage.sandbox.gate.set()
        await stage.until(lambda: stage.service.cells["oauth2"] is not shared)
        assert stage.service.cells["other"] is shared
        assert shared.names == ["other"]
        assert {(await stage.call(path)).status for path in ("/oauth2/echo", "/other/echo")} == {200}


async def test_back_to_the_old_secret_before_the_new_one_was_good(stage: Stage) -> None:
    loaded = await opened(stage)
    old = stage.service.cells["oauth2"]
    async with reloading(stage, loaded) as reloader:
        swap(stage.folder / "secret", NEW)
        await reloader.reread()
        assert old.successor is not None
        swap(stage.folder / "secret", SECRET)
        await reloader.reread()
        assert stage.service.cells["oauth2"] is old
        assert old.successor is None
        stage.sandbox.void()
        assert (await stage.call("/oauth2/echo")).status == 200


async def test_nothing_changed_mints_nothing(stage: Stage) -> None:
    loaded = await opened(stage)
    cell = stage.service.cells["oauth2"]
    async with reloading(stage, loaded) as reloader:
        swap(stage.folder / "secret", SECRET)
        assert await reloader.reread() is False
    assert stage.service.cells["oauth2"] is cell
    assert sent_secrets(stage) == 1
    assert said(stage, "changed") == []


@pytest.mark.parametrize("content", [None, "", "\n"], ids=["gone", "empty", "blank"])
async def test_a_secret_that_vanishes_stays_in_use_and_is_told_of_once(stage: Stage, content: str | None) -> None:
    loaded = await opened(stage)
    async with reloading(stage, loaded) as reloader:
        if content is None:
            (stage.folder / "secret").unlink()
        else:
            swap(stage.folder / "secret", content)
        for _ in range(3):
            assert await reloader.reread() is False
        assert len(said(stage, "their last values stay in use")) == 1
        assert (await stage.call("/oauth2/echo")).status == 200
        swap(stage.folder / "secret", SECRET)
        await reloader.reread()
        assert len(said(stage, "secrets can be read again")) == 1
    assert sent_secrets(stage) == 1


async def test_a_source_that_fails_at_the_start_wakes_its_provider_up_when_it_answers(stage: Stage) -> None:
    """And the others serve meanwhile (docs/traps.md 42)."""
    later = providers(stage.sandbox.url)["oauth2"] | {"client_secret": "${exec:cat later}", "scope": "write"}
    routes = route(stage) | {"/later": {"upstream": f"{stage.sandbox.url}/oauth2/api", "provider": "later"}}
    loaded = await opened(stage, routes=routes, secrets={"reread": "50ms"}, **rotating(stage, later=later))
    asleep = await stage.call("/later/echo")
    assert (asleep.status, asleep.code) == (424, "provider_unconfigured")
    assert "exec:cat" in asleep.json()["detail"]
    assert "exit code 1" in asleep.json()["detail"]
    assert "No such file" not in asleep.json()["detail"], "what a command says is not for clients"
    assert (await stage.call("/oauth2/echo")).status == 200
    async with reloading(stage, loaded):
        (stage.folder / "later").write_text(SECRET)
        await stage.until(lambda: "later" in stage.service.cells)
        assert (await stage.call("/later/echo")).status == 200


async def test_a_source_that_cannot_be_watched_is_asked_now_and_then(stage: Stage) -> None:
    loaded = await opened(stage, secrets={"reread": "50ms"}, **rotating(stage, "${exec:cat secret}"))
    async with reloading(stage, loaded), Load(stage) as traffic:
        await rotated(stage, traffic, lambda: swap(stage.folder / "secret", NEW))
    assert set(traffic.statuses) == {200}


# ---------------------------------------------------------------------------------------------- edits


def edited(stage: Stage, **changes: Any) -> None:
    path = stage.folder / "config.yaml"
    swap(path, yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))


async def test_without_reload_an_edited_config_is_left_alone(stage: Stage) -> None:
    loaded = await opened(stage)
    async with reloading(stage, loaded) as reloader:
        edited(stage, routes={})
        assert await reloader.reread() is False
    assert (await stage.call("/oauth2/echo")).status == 200


async def test_trap_40_an_edit_takes_effect_under_load_and_drops_and_mints_nothing(stage: Stage) -> None:
    loaded = await opened(
        stage, routes=route(stage) | {"/gone": {"upstream": "http://127.0.0.1:9", "provider": "none"}}
    )
    cell = stage.service.cells["oauth2"]
    more = {"/more": {"upstream": f"{stage.sandbox.url}/oauth2/api", "provider": "oauth2"}}
    async with reloading(stage, loaded, whole=True), Load(stage) as traffic:
        edited(stage, routes=route(stage) | more)
        await stage.until(lambda: "/more" in stage.service.plan.routes)
        await traffic.more()
        assert (await stage.call("/more/echo")).status == 200
        assert (await stage.call("/gone/echo")).code == "no_route"
    assert set(traffic.statuses) == {200}
    assert stage.service.cells["oauth2"] is cell
    assert sent_secrets(stage) == 1
    (line,) = said(stage, "config reloaded")
    assert "routes_added=/more " in line
    assert line.endswith("routes_removed=/gone")


async def test_trap_40_what_streams_over_a_removed_route_ends_as_it_began(stage: Stage) -> None:
    loaded = await opened(stage)
    async with reloading(stage, loaded, whole=True) as reloader:
        stream = asyncio.create_task(stage.call("/oauth2/hold"))
        await stage.sandbox.until(lambda: stage.sandbox.api_requests == 1)
        edited(stage, routes={})
        await reloader.reread()
        assert (await stage.call("/oauth2/echo")).code == "no_route"
        stage.sandbox.release.set()
        assert (await stream).status == 200


BROKEN = ["routes: [", "routes: {/a: {upstream: nowhere, provider: nobody}}", "# nothing yet\n", ""]


@pytest.mark.parametrize("broken", BROKEN)
async def test_trap_40_a_broken_file_keeps_the_old_config_and_is_told_of_once(stage: Stage, broken: str) -> None:
    loaded = await opened(stage)
    path = stage.folder / "config.yaml"
    good = path.read_text()
    async with reloading(stage, loaded, whole=True) as reloader:
        if broken:
            swap(path, broken)
        else:
            path.unlink()
        for _ in range(3):
            assert await reloader.reread() is False
        assert (await stage.call("/oauth2/echo")).status == 200
        assert len(said(stage, "what was read before stays in service")) == 1
        swap(path, good)
        await reloader.reread()
        assert len(said(stage, "the config can be read again")) == 1
    assert sent_secrets(stage) == 1


async def test_trap_40_new_rules_of_refreshing_keep_the_token(stage: Stage) -> None:
    loaded = await opened(stage)
    cell = stage.service.cells["oauth2"]
    async with reloading(stage, loaded, whole=True) as reloader:
        changed = rotating(stage)["providers"]["oauth2"] | {"inject": {"header": {"X-Token": "{token}"}}}
        changed |= {"refresh": {"min_interval": "1h"}}
        edited(stage, providers={"oauth2": changed})
        assert await reloader.reread() is True
    assert stage.service.cells["oauth2"] is cell
    assert cell.life._terms.min_interval == 3600
    assert stage.service.plan.routes["/oauth2"].placing is not None
    assert stage.service.plan.routes["/oauth2"].placing.names.headers == {b"x-token"}
    assert sent_secrets(stage) == 1


async def test_what_only_a_start_can_change_is_named(stage: Stage) -> None:
    loaded = await opened(stage)
    async with reloading(stage, loaded, whole=True) as reloader:
        edited(stage, listen="127.0.0.1:1", workers=3, limits={"max_connections": 5})
        await reloader.reread()
    (line,) = said(stage, "need a restart")
    assert line.endswith("settings=listen,workers,limits.max_connections")
    assert (await stage.call("/oauth2/echo")).status == 200


async def test_what_is_as_it_was_at_the_start_again_needs_no_restart(stage: Stage) -> None:
    loaded = await opened(stage)
    async with reloading(stage, loaded, whole=True) as reloader:
        edited(stage, workers=3)
        await reloader.reread()
        edited(stage, workers=1)
        await reloader.reread()
    (line,) = said(stage, "need a restart")
    assert line.endswith("settings=workers")


async def test_clients_come_and_go_with_the_config(stage: Stage) -> None:
    loaded = await opened(stage)
    async with reloading(stage, loaded, whole=True) as reloader:
        edited(stage, clients=[{"name": "a", "key": "a-made-up-client-key"}])
        await reloader.reread()
        assert (await stage.call("/oauth2/echo")).status == 401
        key = {"Authorization": "Bearer a-made-up-client-key"}
        assert (await stage.call("/oauth2/echo", headers=key)).status == 200


async def test_a_routes_own_address_is_named_too(stage: Stage) -> None:
    loaded = await opened(stage)
    async with reloading(stage, loaded, whole=True) as reloader:
        path = stage.folder / "config.yaml"
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        config["routes"]["/oauth2"]["listen"] = "127.0.0.1:1"
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        await reloader.reread()
    (line,) = said(stage, "need a restart")
    assert line.endswith("settings=routes./oauth2.listen")
    assert (await stage.call("/oauth2/echo")).status == 200


async def test_clients_may_not_go_while_other_machines_reach_the_listener(stage: Stage) -> None:
    """The listener of the start stays, whatever the edited file says of `listen`."""
    loaded = await opened(stage, listen="0.0.0.0:0", clients=[{"name": "a", "key": "a-made-up-client-key"}])
    async with reloading(stage, loaded, whole=True) as reloader:
        edited(stage, listen="127.0.0.1:0", clients=[])
        assert await reloader.reread() is False
    assert (await stage.call("/oauth2/echo")).status == 401


# ---------------------------------------------------------------------------------------------- held back


async def test_a_command_that_was_not_there_is_held_back_until_it_is_asked_for(stage: Stage) -> None:
    """It is not even run."""
    loaded = await opened(stage)
    witness = stage.folder / "witness"
    async with reloading(stage, loaded, whole=True) as reloader:
        edited(stage, **rotating(stage, f"${{exec:touch {witness}}}"))
        for _ in range(3):
            assert await reloader.reread() is False
        assert not witness.exists()
        assert (await stage.call("/oauth2/echo")).status == 200
        (line,) = said(stage, "held back")
        assert "exec:touch" in line
        (reason,) = (await stage.call("/-/status")).json()["held_back"]
        assert reason == "a command that was not there before: exec:touch"
        reloader.ask()
        await stage.until(witness.exists)
        await stage.until(lambda: bool(said(stage, "config reloaded")))
        assert "held_back" not in (await stage.call("/-/status")).json()


async def test_a_command_that_would_mint_is_held_back_too(stage: Stage) -> None:
    loaded = await opened(stage)
    witness = stage.folder / "witness"
    command = {"scheme": "exec", "command": ["touch", str(witness)]}
    async with reloading(stage, loaded, whole=True) as reloader:
        edited(stage, providers={"oauth2": command})
        for _ in range(2):
            assert await reloader.reread() is False
        assert (await stage.call("/oauth2/echo")).status == 200
        assert not witness.exists()
        (reason,) = (await stage.call("/-/status")).json()["held_back"]
        assert reason == "provider oauth2 would run 'touch' in a way that was not there before"
        reloader.ask()
        await stage.until(lambda: bool(said(stage, "config reloaded")))
        await stage.until(witness.exists)


async def test_a_command_that_was_there_may_be_run_again(stage: Stage) -> None:
    loaded = await opened(stage, **rotating(stage, "${exec:cat secret}"))
    async with reloading(stage, loaded, whole=True) as reloader:
        edited(stage, routes={})
        assert await reloader.reread() is True
        edited(stage, routes=route(stage))
        assert await reloader.reread() is True
    assert not said(stage, "held back")


async def test_a_secret_that_would_go_elsewhere_is_held_back_and_an_edit_takes_it_back(stage: Stage) -> None:
    loaded = await opened(stage)
    async with reloading(stage, loaded, whole=True) as reloader:
        elsewhere = {"upstream": "http://127.0.0.1:9/elsewhere", "provider": "oauth2"}
        edited(stage, routes=route(stage) | {"/elsewhere": elsewhere})
        assert await reloader.reread() is False
        assert (await stage.call("/elsewhere/echo")).code == "no_route"
        assert "http://127.0.0.1:9" in (await stage.call("/-/status")).json()["held_back"][0]
        edited(stage, routes=route(stage))
        assert await reloader.reread() is False
        assert "held_back" not in (await stage.call("/-/status")).json()
        assert sent_secrets(stage) == 1


async def test_where_edits_wait_to_be_asked_for_the_whole_config_is_read_then(stage: Stage) -> None:
    loaded = await opened(stage)
    path = stage.folder / "config.yaml"
    async with Reloader(loaded, stage.service.replace, path, unasked=False) as reloader:
        edited(stage, routes=route(stage) | {"/more": route(stage)["/oauth2"]})
        assert await reloader.reread() is False
        assert (await stage.call("/more/echo")).code == "no_route"
        reloader.ask()
        await stage.until(lambda: "/more" in stage.service.plan.routes)


# ---------------------------------------------------------------------------------------------- files


async def test_a_file_that_include_takes_is_seen_when_it_appears(stage: Stage) -> None:
    (stage.folder / "conf.d").mkdir()
    (stage.folder / "conf.d" / "a.yaml").write_text("limits: {}")
    loaded = await opened(stage, include="conf.d/*.yaml")
    async with reloading(stage, loaded, whole=True):
        more = {"/more": {"upstream": f"{stage.sandbox.url}/oauth2/api", "provider": "oauth2"}}
        swap(stage.folder / "conf.d" / "b.yaml", yaml.safe_dump({"routes": more}))
        await stage.until(lambda: "/more" in stage.service.plan.routes)


async def test_what_changed_between_the_load_and_the_watch_is_not_missed(stage: Stage) -> None:
    """At a start, when a vault takes its time, or a link is swapped to an older file."""
    before = time.time()
    loaded = await opened(stage)
    swap(stage.folder / "secret", NEW)
    stage.sandbox.keys = {KEY: NEW}
    async with Reloader(loaded, stage.service.replace, since=before):
        await stage.sandbox.until(lambda: stage.mints() == 2)


async def test_a_stop_at_the_moment_of_a_change_is_a_stop(stage: Stage) -> None:
    """`wait_for` of Python 3.11 takes the event and forgets the cancellation: `keyless run` could not be ended."""
    loaded = await opened(stage)
    async with asyncio.timeout(PATIENCE):
        async with reloading(stage, loaded) as reloader:
            await stage.until(lambda: bool(reloader._stirred._waiters))  # type: ignore[attr-defined]
            reloader._stirred.set()


async def test_changed_secrets_and_keys_are_in_the_audit_log(stage: Stage) -> None:
    key = stage.folder / "key"
    key.write_text("a" * 16 + "-first", encoding="utf-8")
    key.chmod(0o600)
    clients = [{"name": "app", "key": "${file:key}"}]
    loaded = await opened(stage, clients=clients, audit="audit.log")
    async with reloading(stage, loaded) as reloader:
        swap(stage.folder / "secret", NEW)
        swap(key, "b" * 16 + "-second")
        await reloader.reread()
    lines = [json.loads(line) for line in (stage.folder / "audit.log").read_text(encoding="utf-8").splitlines()]
    told = [(each.get("provider"), each.get("client")) for each in lines if each["event"] == "secret_changed"]
    assert told == [("oauth2", None), (None, "app")]


ACME = """\
title: Acme
upstream: https://{host}
parameters: {{}}
provider: {{scheme: static, token: x}}
error_shape: {shape}
"""


async def test_a_preset_of_the_teams_own_is_taken_over_when_it_changes(stage: Stage) -> None:
    team = stage.folder / "team"
    team.mkdir()
    (team / "acme.yaml").write_text(ACME.format(host="one.example.com", shape="openai"))
    path = stage.folder / "config.yaml"
    await stage.open({}, presets=["team"])
    written = yaml.safe_load(path.read_text()) | {"routes": {"/a": {"provider": "acme"}}}
    path.write_text(yaml.safe_dump(written))
    async with reloading(stage, load(path, environ={}), whole=True) as reloader:
        await reloader.reread(asked=True)
        (team / "acme.yaml").write_text(ACME.format(host="one.example.com", shape="aws"))
        assert await reloader.reread()
        assert stage.service.plan.routes["/a"].error_shape == "aws"
        swap(team / "acme.yaml", "title: [")
        assert not await reloader.reread()
        assert stage.service.plan.routes["/a"].error_shape == "aws"


async def test_a_text_that_only_looks_like_a_url_is_read_like_any_other(stage: Stage) -> None:
    loaded = await opened(stage)
    async with reloading(stage, loaded, whole=True) as reloader:
        login = {
            "scheme": "login",
            "request": {"url": f"{stage.sandbox.url}/x", "json": {"callback_url": "https://[no"}},
        }
        edited(stage, providers=providers(stage.sandbox.url) | {"new": login})
        assert await reloader.reread(asked=True) is True
        edited(stage, providers=providers(stage.sandbox.url))
        assert await reloader.reread() is True


async def test_a_bug_ends_neither_the_reloading_nor_what_serves(stage: Stage) -> None:
    loaded = await opened(stage)
    broken = [True]

    async def replace(fresh: Loaded, changes: Changes) -> None:
        if broken.pop():
            raise ZeroDivisionError("of a token: t0ken")
        await stage.service.replace(fresh, changes)

    path = stage.folder / "config.yaml"
    async with Reloader(loaded, replace, path) as reloader:
        edited(stage, routes=route(stage) | {"/more": route(stage)["/oauth2"]})
        assert await reloader.reread() is False
        assert len(said(stage, "internal error, please report it: ZeroDivisionError at test_reload.py")) == 1
        assert (await stage.call("/oauth2/echo")).status == 200
        broken.append(False)
        assert await reloader.reread() is True
        assert (await stage.call("/more/echo")).status == 200
    assert "t0ken" not in stage.log.getvalue()
