"""Logins at MCP servers that lie: each is refused before anybody is sent anywhere. Over HTTP, with real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from proxy.cli.login import signing_in
from proxy.config.load import load
from proxy.errors import IssuerError
from proxy.tokens.signin import by_browser

Answer = Any


class Liar:
    """`answers` by path, of the server and of what it takes for its issuer; what came is in `asked`."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        answer = self.answers.get(request.path)
        if answer is None:
            return web.Response(status=404)
        return answer if isinstance(answer, web.StreamResponse) else web.json_response(answer)

    def tells(self, resource: dict[str, Any] | None = None, metadata: dict[str, Any] | None = None) -> None:
        """The truth, but for these."""
        self.answers["/.well-known/oauth-protected-resource/mcp"] = {
            "resource": f"{self.url}/mcp",
            "authorization_servers": [self.url],
        } | (resource or {})
        self.answers["/.well-known/oauth-authorization-server"] = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "registration_endpoint": f"{self.url}/register",
            "code_challenge_methods_supported": ["S256"],
        } | (metadata or {})
        self.answers["/register"] = {"client_id": "made"}


@pytest.fixture
async def liar() -> AsyncIterator[Liar]:
    liar = Liar()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", liar.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    liar.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    liar.tells()
    yield liar
    await runner.cleanup()


async def refused(liar: Liar, folder: Path) -> str:
    """Why; nobody was shown a page."""
    written = {"store": "file:store", "providers": {"tools": {"use": "mcp", "url": f"{liar.url}/mcp"}}}
    (folder / "config.yaml").write_text(yaml.safe_dump(written))
    shown: list[str] = []
    async with signing_in(load(folder / "config.yaml", environ={}), "tools") as terms:
        with pytest.raises(IssuerError) as caught:
            await by_browser(terms, shown.append, patience=0.05)
    if "no one came back" in caught.value.message:
        pytest.fail(f"a page was shown: {shown}")
    assert shown == []
    return caught.value.message


async def test_who_tells_the_truth_is_believed(liar: Liar, tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match=f"a page was shown: .*{liar.url}/authorize"):
        await refused(liar, tmp_path)
    assert liar.asked[-1] == "/register"


@pytest.mark.parametrize(
    "issuer",
    ["https://10.0.0.1", "https://169.254.169.254", "https://[fd00::1]", "https://2130706433"],
)
async def test_an_issuer_inside_the_network(liar: Liar, tmp_path: Path, issuer: str) -> None:
    """The server is on this machine, as the config says, and so its issuer may be; but nowhere else inside."""
    liar.tells({"authorization_servers": [issuer]})
    said = await refused(liar, tmp_path)
    assert "address" in said
    assert len(liar.asked) == 2


async def test_an_issuer_in_the_open(liar: Liar, tmp_path: Path) -> None:
    liar.tells({"authorization_servers": ["http://login.example.com"]})
    assert "no https URL" in await refused(liar, tmp_path)


async def test_metadata_that_leads_elsewhere(liar: Liar, tmp_path: Path) -> None:
    path = "/.well-known/oauth-protected-resource/mcp"
    elsewhere = web.HTTPFound(f"{liar.url}/elsewhere")
    liar.answers |= {path: web.Response(status=302, headers=elsewhere.headers), "/elsewhere": liar.answers[path]}
    assert "redirects elsewhere" in await refused(liar, tmp_path)
    assert "/elsewhere" not in liar.asked


async def test_metadata_of_an_issuer_that_leads_elsewhere(liar: Liar, tmp_path: Path) -> None:
    path = "/.well-known/oauth-authorization-server"
    liar.answers |= {
        path: web.Response(status=307, headers={"Location": f"{liar.url}/elsewhere"}),
        "/elsewhere": liar.answers[path],
    }
    assert "publishes no metadata" in await refused(liar, tmp_path)
    assert "/elsewhere" not in liar.asked


async def test_an_issuer_that_lies(liar: Liar, tmp_path: Path) -> None:
    liar.tells(metadata={"issuer": "https://login.example.com"})
    assert "of another issuer: https://login.example.com" in await refused(liar, tmp_path)


async def test_another_resource(liar: Liar, tmp_path: Path) -> None:
    liar.tells({"resource": "https://mcp.example.com/mcp"})
    assert "of another resource: https://mcp.example.com/mcp" in await refused(liar, tmp_path)


async def test_a_registration_inside_the_network(liar: Liar, tmp_path: Path) -> None:
    liar.tells(metadata={"registration_endpoint": "https://192.168.0.1/register"})
    assert "address" in await refused(liar, tmp_path)


@pytest.mark.parametrize("endpoint", ["authorization_endpoint", "token_endpoint"])
@pytest.mark.parametrize("url", ["https://192.168.0.1/x", "https://169.254.169.254/x", "https://[fd00::1]/x"])
async def test_a_login_inside_the_network(liar: Liar, tmp_path: Path, endpoint: str, url: str) -> None:
    """A page there would be opened with whatever the browser is signed in to."""
    liar.tells(metadata={endpoint: url})
    assert "address" in await refused(liar, tmp_path)
    assert "/register" not in liar.asked


@pytest.mark.parametrize("url", ["http://login.example.com/x", "javascript:alert(1)", "file:///etc/passwd", "", 7])
async def test_a_login_page_in_the_open_or_none(liar: Liar, tmp_path: Path, url: object) -> None:
    liar.tells(metadata={"authorization_endpoint": url})
    assert f"is no https URL: {url}" in await refused(liar, tmp_path)


async def test_a_document_without_an_end(liar: Liar, tmp_path: Path) -> None:
    liar.answers["/.well-known/oauth-protected-resource/mcp"] = web.Response(body=b" " * (1024 * 1024 + 1))
    assert "more than 1 MiB" in await refused(liar, tmp_path)


async def test_a_registration_that_is_refused(liar: Liar, tmp_path: Path) -> None:
    liar.answers["/register"] = web.json_response({"error": "invalid_redirect_uri"}, status=400)
    assert "invalid_redirect_uri" in await refused(liar, tmp_path)
