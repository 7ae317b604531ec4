"""`keyless login`: as a process, with BROWSER as the browser; and what it refuses."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.authority import Authority, serving
from tests.cli.conftest import PATIENCE, keyless, process, written

BROWSER = f'{sys.executable} -c "import sys, urllib.request as u; u.urlopen(sys.argv[1]).read()" %s'
"""Follows redirects, and that is all that it takes."""


@pytest.fixture
def authority() -> Iterator[Authority]:
    """In a thread of its own: commands run their own loops."""
    ready: Future[Authority] = Future()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    async def serve() -> None:
        async with serving(Authority()) as authority:
            ready.set_result(authority)
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    yield ready.result(PATIENCE)
    loop.call_soon_threadsafe(ended.set)
    thread.join(PATIENCE)
    loop.close()


def config(authority: Authority, folder: Path, store: str = "file:store", **more: Any) -> str:
    return written(folder, store=store, providers={"mail": authority.provider(**more)})


def test_the_browser_opens_by_itself(authority: Authority, tmp_path: Path) -> None:
    path = config(authority, tmp_path)
    with process("login", "mail", "-c", path, BROWSER=BROWSER) as started:
        done = started.end()
    assert (done.code, done.out.splitlines()[0]) == (0, "mail: logged in"), done
    assert "refresh token  yes" in done.out
    assert "a browser should open" in done.err
    secrets = [*authority.issued, *authority.refresh_tokens]
    secrets += [call["code_verifier"] for call in authority.token_calls]
    secrets += [call["code"] for call in authority.token_calls]
    assert not [secret for secret in secrets if secret in done.out + done.err]
    again = keyless("token", "mail", "-c", path)
    assert again.code == 0, again
    assert len(authority.token_calls) == 1


def test_without_a_browser(authority: Authority, tmp_path: Path) -> None:
    authority.gives_refresh_token = False
    path = config(authority, tmp_path)
    with process("login", "mail", "-c", path, "--no-browser", "--json", BROWSER="/bin/false") as started:
        assert started.popen.stderr is not None
        url = next(line.strip() for line in started.popen.stderr if "/authorize?" in line)
        with urlopen(url, timeout=PATIENCE) as page:
            assert "Logged in" in page.read().decode()
        done = started.end()
    assert done.code == 0, done
    assert done.json.keys() == {"provider", "expires_at", "scope", "refresh_token"}
    assert done.json["refresh_token"] is False
    assert "offline_access" in done.err


def test_nobody_comes(authority: Authority, tmp_path: Path) -> None:
    done = keyless("login", "mail", "-c", config(authority, tmp_path), "--no-browser", "--timeout", "0.1")
    assert (done.code, done.out) == (1, "")
    assert "no one came back" in done.err


def test_on_another_device(authority: Authority, tmp_path: Path) -> None:
    authority.interval = 0.01
    authority.polls = ["authorization_pending"]
    done = keyless("login", "mail", "-c", config(authority, tmp_path, grant="device_code"))
    assert (done.code, done.out.splitlines()[0]) == (0, "mail: logged in"), done
    assert f"Open {authority.url}/activate" in done.err
    assert "WDJB-MJHT" in done.err
    assert "the-device-code" not in done.out + done.err


def test_where_the_store_keeps_nothing_a_login_lies_in_the_state_folder(authority: Authority, tmp_path: Path) -> None:
    path, state = config(authority, tmp_path, store="memory"), str(tmp_path / "state")
    with process("login", "mail", "-c", path, BROWSER=BROWSER, XDG_STATE_HOME=state) as started:
        done = started.end()
    assert done.code == 0, done
    assert f"kept in {state}/keyless/logins, sealed" in done.err
    (record,) = (tmp_path / "state" / "keyless" / "logins").glob("*.sealed")
    assert (record.stat().st_mode & 0o077, record.parent.stat().st_mode & 0o077) == (0, 0)
    assert (tmp_path / "state" / "keyless").stat().st_mode & 0o077 == 0, "commands would not go by it"
    held = record.read_bytes()
    assert not [token for token in (*authority.issued, *authority.refresh_tokens) if token.encode() in held]
    for command, said in ((["token", "mail"], "mail"), (["store", "list"], "mail"), (["logout", "mail"], "revoked")):
        with process(*command, "-c", path, XDG_STATE_HOME=state) as started:
            done = started.end()
        assert (done.code, said in done.out) == (0, True), done
    assert (len(authority.token_calls), len(authority.revoked)) == (1, 2)


def test_a_routes_prefix_names_its_provider(authority: Authority, tmp_path: Path) -> None:
    routes = {
        "/mail": {"upstream": "https://mail.example", "provider": "mail"},
        "/open": {"upstream": "https://open.example", "provider": "none"},
    }
    path = written(tmp_path, store="file:store", providers={"mail": authority.provider()}, routes=routes)
    with process("login", "/mail", "-c", path, BROWSER=BROWSER) as started:
        done = started.end()
    assert (done.code, done.out.splitlines()[0]) == (0, "mail: logged in"), done
    assert keyless("logout", "/mail", "-c", path).out.strip() == "mail: logged out, the tokens are removed and revoked"
    for prefix, said in (("/open", "goes without a credential"), ("/mial", "did you mean '/mail'?")):
        for command in ("login", "logout"):
            done = keyless(command, prefix, "-c", path)
            assert (done.code, said in done.err) == (2, True), done


def test_a_store_that_cannot_be_used(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir(mode=0o755)
    done = keyless("login", "mail", "-c", config(authority, tmp_path))
    assert done.code == 1
    assert "chmod 700" in done.err


def test_a_port_that_is_taken(authority: Authority, tmp_path: Path) -> None:
    port = authority.url.rpartition(":")[2]
    for words, more in ((["--port", port], {}), ([], {"redirect_port": port})):
        done = keyless("login", "mail", "-c", config(authority, tmp_path, **more), *words)
        assert done.code == 1
        assert f"127.0.0.1:{port}" in done.err
        assert "--port" in done.err


@pytest.mark.parametrize(
    "more",
    [{"grant": "client_credentials"}, {"grant": "refresh_token", "refresh_token": "r"}],
)
def test_a_grant_without_a_person(authority: Authority, tmp_path: Path, more: dict[str, str]) -> None:
    for command in ("login", "logout"):
        done = keyless(command, "mail", "-c", config(authority, tmp_path, **more))
        assert (done.code, "needs no one to log in" in done.err) == (2, True)


def test_no_such_provider(authority: Authority, tmp_path: Path) -> None:
    done = keyless("login", "male", "-c", config(authority, tmp_path))
    assert (done.code, "did you mean 'mail'?" in done.err) == (2, True)


def test_what_would_be_sent_before_a_login(authority: Authority, tmp_path: Path) -> None:
    done = keyless("token", "mail", "-c", config(authority, tmp_path), "--dry-run", "--json")
    assert done.code == 0
    assert done.json["request"] is None
    assert "keyless login" in done.json["note"]


def test_who_logged_in_and_out_is_audited(authority: Authority, tmp_path: Path) -> None:
    path = written(tmp_path, store="file:store", providers={"mail": authority.provider()}, audit="log")
    with process("login", "mail", "-c", path, BROWSER=BROWSER) as started:
        assert started.end().code == 0
    for _ in range(2):
        assert keyless("logout", "mail", "-c", path).code == 0
    log = (tmp_path / "log").read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    assert [(line["event"], line["outcome"]) for line in lines[1:]] == [
        ("login", "logged_in"),
        ("logout", "logged_out"),
        ("logout", "nobody"),
    ]
    assert {line["provider"] for line in lines[1:]} == {"mail"}
    assert {line["who"][:5] for line in lines[1:]} == {"user:"}
    assert not [secret for secret in (*authority.issued, *authority.refresh_tokens) if secret in log]
