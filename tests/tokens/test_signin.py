"""Logins and logouts against an authorization server, with a client that follows redirects as a browser does."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
import yaml
from playwright.async_api import async_playwright
from yarl import URL

from proxy import clock
from proxy.app import Service
from proxy.auth.life.lifecycle import State
from proxy.auth.schemes.oauth2.device import Device
from proxy.auth.token import Token
from proxy.cli.login import signing_in
from proxy.config.load import load
from proxy.config.loaded import Loaded
from proxy.errors import FailureClass, Fault, IssuerError
from proxy.tokens.signin import by_browser, by_device, sign_out
from proxy.values.now import Now
from tests.authority import CLIENT, SCOPE, Authority, serving

PATIENCE = 20.0
CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
ATTACKS = [
    "url => fetch(url, {mode: 'no-cors'}).catch(() => 0)",
    "url => fetch(url, {method: 'POST', mode: 'no-cors'}).catch(() => 0)",
    "url => new Promise(done => { const image = new Image(); image.onload = image.onerror = done; image.src = url; })",
    """url => new Promise(done => {
        const frame = document.createElement('iframe');
        frame.onload = done; frame.src = url; document.body.append(frame);
    })""",
]


@pytest.fixture
async def authority() -> AsyncIterator[Authority]:
    async with serving(Authority()) as authority:
        yield authority


def config(authority: Authority, folder: Path, **more: Any) -> Loaded:
    written = {
        "listen": "127.0.0.1:0",
        "store": "file:store",
        "providers": {"mail": authority.provider(**more)},
        "routes": {"/mail": {"upstream": f"{authority.url}/api", "provider": "mail"}},
        "log": {"access": False},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(written))
    return load(folder / "config.yaml", environ={})


class Browser:
    """Goes where it is sent, like a person's. `visit` may look at the URL before, and spoil things."""

    def __init__(self, before: Callable[[str], Any] | None = None) -> None:
        self._before = before
        self._task: asyncio.Task[tuple[int, str]] | None = None
        self.url = ""

    def __call__(self, url: str) -> None:
        self.url = url
        self._task = asyncio.get_running_loop().create_task(self._go(url))

    async def _go(self, url: str) -> tuple[int, str]:
        if self._before is not None:
            await self._before(url)
        return await get(url)

    async def page(self) -> tuple[int, str]:
        assert self._task is not None
        return await self._task


async def get(url: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.request(method, url, headers=headers) as reply:
        return reply.status, await reply.text()


def asked(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def is_free(redirect_uri: str) -> bool:
    port = urlsplit(redirect_uri).port
    assert port is not None
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


async def login(loaded: Loaded, browser: Browser | None = None, patience: float = PATIENCE) -> Token:
    async with signing_in(loaded, "mail") as terms:
        return await by_browser(terms, browser or Browser(), patience=patience)


# ------------------------------------------------------------------ in the browser


async def test_a_login_is_kept_sealed(authority: Authority, tmp_path: Path) -> None:
    loaded, browser = config(authority, tmp_path, authorization_params={"prompt": "consent"}), Browser()
    token = await login(loaded, browser)
    status, page = await browser.page()
    assert (status, "Logged in" in page) == (200, True)
    sent = authority.authorized[0]
    assert (sent["scope"], sent["prompt"], sent["client_id"]) == (SCOPE, "consent", CLIENT)
    assert urlsplit(sent["redirect_uri"]).hostname == "127.0.0.1"
    assert is_free(sent["redirect_uri"])
    assert token.refresh_token in authority.refresh_tokens
    kept = b"".join(path.read_bytes() for path in (tmp_path / "store").glob("*.sealed"))
    assert kept
    assert token.value.encode() not in kept
    assert authority.metadata_calls == 1


async def test_states_and_verifiers_differ(authority: Authority, tmp_path: Path) -> None:
    loaded = config(authority, tmp_path)
    await login(loaded)
    await login(loaded)
    for name in ("state", "code_challenge"):
        assert len({sent[name] for sent in authority.authorized}) == 2
    assert len({call["code_verifier"] for call in authority.token_calls}) == 2
    assert [(await _record(loaded)).generation] == [2]


async def _record(loaded: Loaded) -> Any:
    async with signing_in(loaded, "mail") as terms:
        return await terms.records.find(terms.scheme.identity)


STRANGE: list[tuple[str, dict[str, str]]] = [
    # what is wrong, and how the query differs from a right one
    ("state", {"state": "x" * 32, "code": "c"}),
    ("state", {"state": "", "code": "c"}),
    ("state", {"state": "ü", "error": "access_denied"}),
    ("issuer", {"iss": "https://evil.example", "code": "c"}),
    ("which issuer", {"iss": "", "code": "c"}),
    ("no code", {"code": ""}),
    ("no code", {"code": "a\nb"}),
]


@pytest.mark.parametrize(("why", "query"), STRANGE)
async def test_a_strange_callback_is_refused_and_ends_nothing(
    authority: Authority, tmp_path: Path, why: str, query: dict[str, str]
) -> None:
    async def before(url: str) -> None:
        right = {"state": asked(url)["state"], "iss": authority.url}
        wrong = {name: value for name, value in (right | query).items() if (name, value) != ("iss", "")}
        target = URL(asked(url)["redirect_uri"]).with_query(wrong)
        status, page = await get(str(target))
        assert (status, why in page) == (400, True), page

    assert (await login(config(authority, tmp_path), Browser(before))).value in authority.issued
    assert len(authority.token_calls) == 1


async def test_a_parameter_that_comes_twice_is_refused(authority: Authority, tmp_path: Path) -> None:
    async def before(url: str) -> None:
        state = asked(url)["state"]
        status, page = await get(f"{asked(url)['redirect_uri']}?state={state}&state={state}&code=c")
        assert (status, "twice" in page) == (400, True)

    assert await login(config(authority, tmp_path), Browser(before))


FOREIGN = [
    ("GET", "", {"Origin": "https://evil.example"}),
    ("GET", "", {"Origin": "null"}),
    ("GET", "", {"Host": "evil.example"}),
    ("GET", "", {"Host": "localhost"}),
    ("GET", "", {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}),
    ("GET", "", {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}),
    ("POST", "", {}),
    ("HEAD", "", {}),
    ("OPTIONS", "", {}),
    ("GET", "/", {}),
    ("GET", "%2f", {}),
]


@pytest.mark.parametrize(("method", "path", "headers"), FOREIGN)
async def test_a_foreign_pages_request_is_not_heard(
    authority: Authority, tmp_path: Path, method: str, path: str, headers: dict[str, str]
) -> None:
    """Even with the right state, which it can't know."""

    async def before(url: str) -> None:
        target = f"{asked(url)['redirect_uri']}{path}?state={asked(url)['state']}&code=c&iss={authority.url}"
        assert (await get(target, method, **headers))[0] == 403

    assert await login(config(authority, tmp_path), Browser(before))
    assert len(authority.token_calls) == 1


async def test_a_refusal_in_the_browser_is_told_and_escaped(authority: Authority, tmp_path: Path) -> None:
    authority.denies = "<script>alert(1)</script> not today"
    browser = Browser()
    with pytest.raises(IssuerError, match="not today") as caught:
        await login(config(authority, tmp_path), browser)
    status, page = await browser.page()
    assert caught.value.error == "access_denied"
    assert status == 502
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert authority.token_calls == []
    assert is_free(authority.authorized[0]["redirect_uri"])


async def test_a_refusal_that_does_not_say_whose_it_is_is_told_as_unverified(
    authority: Authority, tmp_path: Path
) -> None:
    authority.denies, authority.denies_unnamed = "not today", True
    browser = Browser()
    with pytest.raises(IssuerError, match=r"unverified.*not today"):
        await login(config(authority, tmp_path), browser)
    status, page = await browser.page()
    assert (status, "unverified" in page, "not today" in page) == (502, True, True)
    assert authority.token_calls == []


async def test_a_code_that_the_issuer_refuses(authority: Authority, tmp_path: Path) -> None:
    async def before(url: str) -> None:
        target = URL(asked(url)["redirect_uri"])
        query = {"state": asked(url)["state"], "code": "made-up-code", "iss": authority.url}
        status, page = await get(str(target.with_query(query)))
        assert (status, "invalid_grant" in page) == (502, True)
        assert "made-up-code" not in page

    browser = Browser(before)
    with pytest.raises(IssuerError, match="invalid_grant"):
        await login(config(authority, tmp_path), browser)
    with pytest.raises(aiohttp.ClientConnectorError):
        await browser.page()  # the right answer comes too late: the port is free
    assert not list((tmp_path / "store").glob("*.sealed"))


async def test_nobody_comes_back(authority: Authority, tmp_path: Path) -> None:
    seen: list[str] = []
    async with signing_in(config(authority, tmp_path), "mail") as terms:
        with pytest.raises(IssuerError, match="no one came back"):
            await by_browser(terms, seen.append, patience=0.05)
    assert is_free(asked(seen[0])["redirect_uri"])


async def test_an_interrupted_login_frees_the_port(authority: Authority, tmp_path: Path) -> None:
    shown: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with signing_in(config(authority, tmp_path), "mail") as terms:
        waiting = asyncio.create_task(by_browser(terms, shown.set_result))
        url = await shown
        assert not is_free(asked(url)["redirect_uri"])
        waiting.cancel()
        await asyncio.wait((waiting,))
    assert is_free(asked(url)["redirect_uri"])


async def test_a_port_that_is_taken(authority: Authority, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with signing_in(config(authority, tmp_path), "mail") as terms:
            with pytest.raises(OSError, match="in use"):
                await by_browser(terms, Browser(), port=taken.getsockname()[1])
    assert authority.authorized == []


async def test_an_issuer_that_does_not_announce_itself(authority: Authority, tmp_path: Path) -> None:
    authority.iss = None
    assert await login(config(authority, tmp_path))


async def test_endpoints_that_the_config_names(authority: Authority, tmp_path: Path) -> None:
    authority.iss = "https://whoever.example"  # without metadata nothing is known to compare it with
    urls = {"token_url": f"{authority.url}/token", "authorization_url": f"{authority.url}/authorize"}
    assert await login(config(authority, tmp_path, issuer=None, **urls))
    assert authority.metadata_calls == 0


async def test_a_reply_without_a_refresh_token(authority: Authority, tmp_path: Path) -> None:
    authority.gives_refresh_token = False
    loaded = config(authority, tmp_path)
    assert (await login(loaded)).refresh_token is None
    assert (await _record(loaded)).value is not None


@pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ, reason="needs Debian's chromium; CI installs it")
async def test_a_real_browser_comes_back(authority: Authority, tmp_path: Path) -> None:
    """And a page in it that sends requests here ends nothing."""
    shown: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with signing_in(config(authority, tmp_path), "mail") as terms, async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await chromium.new_page()
        waiting = asyncio.create_task(by_browser(terms, shown.set_result, patience=60))
        url = await shown
        await page.goto(f"{authority.url}/api")
        target = f"{asked(url)['redirect_uri']}?state={asked(url)['state']}&code=c&iss={authority.url}"
        for attack in ATTACKS:
            await page.evaluate(attack, target)
        assert not waiting.done()
        assert authority.token_calls == []
        await page.goto(url)
        assert await page.inner_text("h1") == "Logged in", await page.inner_text("body")
        assert (await waiting).value in authority.issued
        await chromium.close()


# ------------------------------------------------------------------ on another device


class Patience:
    """Sleeps at once; its clock says that it slept."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def clock(self) -> Now:
        now = clock.now()
        return Now(now.boot + sum(self.slept), now.wall + sum(self.slept))

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


async def device_login(loaded: Loaded, patience: Patience) -> tuple[Token, list[Device]]:
    shown: list[Device] = []
    async with signing_in(loaded, "mail") as terms:
        patient = replace(terms, clock=patience.clock, sleep=patience.sleep)
        return await by_device(patient, shown.append), shown


async def test_device_polls_keep_their_pace(authority: Authority, tmp_path: Path) -> None:
    authority.polls = ["authorization_pending", "slow_down", "authorization_pending", "server_error"]
    patience, loaded = Patience(), config(authority, tmp_path, grant="device_code")
    token, shown = await device_login(loaded, patience)
    assert patience.slept == [5, 5, 10, 10, 20]
    assert len(authority.token_calls) == 5
    assert (shown[0].user_code, shown[0].url) == ("WDJB-MJHT", f"{authority.url}/activate")
    assert shown[0].complete_url == f"{authority.url}/activate?user_code=WDJB-MJHT"
    assert (await _record(loaded)).refresh_token == token.refresh_token
    assert authority.metadata_calls == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [("expired_token", "expired"), ("access_denied", "was refused"), ("invalid_client", "invalid_client")],
)
async def test_device_logins_that_end_badly(authority: Authority, tmp_path: Path, error: str, told: str) -> None:
    authority.polls = ["authorization_pending", error]
    with pytest.raises(IssuerError, match=told):
        await device_login(config(authority, tmp_path, grant="device_code"), Patience())
    assert len(authority.token_calls) == 2


async def test_a_device_code_that_nobody_types(authority: Authority, tmp_path: Path) -> None:
    authority.polls = ["authorization_pending"] * 1000
    patience = Patience()
    with pytest.raises(IssuerError, match="expired"):
        await device_login(config(authority, tmp_path, grant="device_code"), patience)
    assert 1790 <= sum(patience.slept) <= 1800


# ------------------------------------------------------------------ the proxy beside it


async def reaches(cell: Any, *states: State) -> None:
    """The store is watched by polling, so the test has to look again and again, too."""
    async with asyncio.timeout(PATIENCE):
        while cell.life.state(clock.now()) not in states:  # noqa: ASYNC110 -- see above
            await asyncio.sleep(0.01)


async def test_a_running_proxy_takes_a_login_over(authority: Authority, tmp_path: Path) -> None:
    loaded = config(authority, tmp_path)
    async with Service(loaded) as service:
        listener = (await service.listen())[0]
        cell = service.cells["mail"]
        await reaches(cell, State.LOGIN_REQUIRED)
        status, body = await get(f"{listener.url}/mail")
        assert (status, "keyless login NAME" in body) == (424, True)
        assert authority.token_calls == []

        await login(loaded)
        await reaches(cell, State.FRESH)
        assert await get(f"{listener.url}/mail") == (200, "an answer")

        await cell.retry()  # the refresh token works, and rotates
        await cell.expire()
        assert (await get(f"{listener.url}/mail"))[0] == 200
        assert [call["grant_type"] for call in authority.token_calls][-1] == "refresh_token"
        assert "scope" not in authority.token_calls[-1]


async def test_a_running_proxy_drops_what_is_logged_out(authority: Authority, tmp_path: Path) -> None:
    loaded = config(authority, tmp_path)
    token = await login(loaded)
    async with Service(loaded) as service:
        listener = (await service.listen())[0]
        cell = service.cells["mail"]
        assert await get(f"{listener.url}/mail") == (200, "an answer")
        async with signing_in(loaded, "mail") as terms:
            assert await sign_out(terms) == []
        await reaches(cell, State.EMPTY, State.REFUSED)
        with pytest.raises(Fault, match="login_required"):
            await cell.token("mail")
    assert authority.revoked == [("refresh_token", token.refresh_token), ("access_token", token.value)]


# ------------------------------------------------------------------ logout


@pytest.mark.parametrize("status", [400, 503])
async def test_a_failing_revocation_still_forgets(authority: Authority, tmp_path: Path, status: int) -> None:
    authority.revokes = status
    loaded = config(authority, tmp_path)
    await login(loaded)
    async with signing_in(loaded, "mail") as terms:
        failed = await sign_out(terms)
        assert failed is not None
        assert [str(status) in error.message for error in failed] == [True, True]
        assert await sign_out(terms) is None
    kept = await _record(loaded)
    assert (kept.value, kept.refresh_token) == (None, None)


async def test_an_issuer_without_revocation(authority: Authority, tmp_path: Path) -> None:
    urls = {"token_url": f"{authority.url}/token", "authorization_url": f"{authority.url}/authorize"}
    loaded = config(authority, tmp_path, issuer=None, **urls)
    await login(loaded)
    async with signing_in(loaded, "mail") as terms:
        failed = await sign_out(terms)
    assert failed is not None
    assert {error.failure for error in failed} == {FailureClass.CREDENTIAL}
    assert "revocation_url" in (failed[0].hint or "")


async def test_nobody_to_log_out(authority: Authority, tmp_path: Path) -> None:
    async with signing_in(config(authority, tmp_path), "mail") as terms:
        assert await sign_out(terms) is None
    assert authority.revoked == []


async def test_logging_in_again_after_a_logout(authority: Authority, tmp_path: Path) -> None:
    loaded = config(authority, tmp_path)
    await login(loaded)
    async with signing_in(loaded, "mail") as terms:
        await sign_out(terms)
    token = await login(loaded)
    assert (await _record(loaded)).value == token.value


@pytest.mark.parametrize("status", [200, 503])
async def test_a_running_proxy_sees_a_logout_and_the_next_login(
    authority: Authority, tmp_path: Path, status: int
) -> None:
    """Also where the issuer would still take the old refresh token, it is not used any more."""
    loaded = config(authority, tmp_path)
    await login(loaded)
    async with Service(loaded) as service:
        listener = (await service.listen())[0]
        cell = service.cells["mail"]
        assert await get(f"{listener.url}/mail") == (200, "an answer")
        authority.revokes = status
        async with signing_in(loaded, "mail") as terms:
            await sign_out(terms)
        await reaches(cell, State.EMPTY, State.REFUSED)
        assert (await get(f"{listener.url}/mail"))[0] == 424
        assert [call["grant_type"] for call in authority.token_calls] == ["authorization_code"]
        await login(loaded)
        await reaches(cell, State.FRESH)
        assert await get(f"{listener.url}/mail") == (200, "an answer")
