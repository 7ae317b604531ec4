"""The dashboard of `keyless run` with three workers: it is the same whoever shows it, and its buttons count for all."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.cli.conftest import control, crm
from tests.cli.run.test_run_workers import Crew, crew, mints, until
from tests.raw import Message, Wire

WORKERS = 3
MOST = 200
"""Connections until each worker has one: the kernel gives them out by chance."""
BROWSER = ("Accept: text/html", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
FORM = "Content-Type: application/x-www-form-urlencoded"


class Seat:
    """A connection that stays, and so one worker's."""

    def __init__(self, wire: Wire, authority: str) -> None:
        self._wire = wire
        self._authority = authority

    async def ask(self, start: str, *headers: str, body: bytes = b"") -> Message:
        lines = (f"{start} HTTP/1.1", f"Host: {self._authority}", *headers, f"Content-Length: {len(body)}", "", "")
        await self._wire.send("\r\n".join(lines).encode() + body)
        return await self._wire.message()

    async def page(self, path: str = "") -> str:
        reply = await self.ask(f"GET /-/{path}", *BROWSER)
        assert reply.status == 200, reply
        return unescape(reply.body.decode())

    async def button(self) -> str:
        found = re.search(r'data-button="([0-9a-f]+)"', await self.page())
        assert found is not None
        return found[1]

    async def press(self, path: str, form: Mapping[str, str], origin: str = "") -> Message:
        lines = (*BROWSER, FORM, f"Origin: {origin or 'http://' + self._authority}")
        return await self.ask(f"POST /-/{path}", *lines, body=urlencode(form).encode())

    async def rows(self) -> list[dict[str, Any]]:
        """What Live hears first; a stream ends its connection, so on one that is any worker's."""
        host, _, port = self._authority.rpartition(":")
        wire = await Wire.connect(host, int(port))
        await wire.send(f"GET /-/stream/live HTTP/1.1\r\nHost: {self._authority}\r\n\r\n".encode())
        await wire.until(b"event: backlog\ndata: ")
        rows: list[dict[str, Any]] = json.loads(await wire.until(b"\n\n"))
        await wire.close()
        return rows


@asynccontextmanager
async def seated(crewed: Crew) -> AsyncIterator[dict[str, Seat]]:
    """One at each worker, by the worker's number: Live tells whose a request was."""
    authority = crewed.url.removeprefix("http://")
    host, _, port = authority.rpartition(":")
    async with AsyncExitStack() as stack:
        seats: dict[str, Seat] = {}
        for number in range(MOST):
            wire = await Wire.connect(host, int(port))
            stack.push_async_callback(wire.close)
            seat = Seat(wire, authority)
            if number == 0:
                await seat.rows()  # from one look at one worker on, each keeps its last requests
            await seat.ask(f"GET /crm/seat{number}")
            (row,) = [row for row in await seat.rows() if row["path"] == f"/crm/seat{number}"]
            seats.setdefault(row["key"].partition(".")[0], seat)
            if len(seats) == WORKERS:
                break
        yield seats


def facts(page: str) -> list[str]:
    """Mints and replays of a provider; requests, 4xx and 5xx of a route."""
    return re.findall(r'<d[td] class="number[^"]*">([\d,]+)</d[td]>|<td [^>]*class="number[^"]*">([\d,]+)</td>', page)


async def test_any_worker_shows_the_same_and_what_others_have_served(folder: Path, issuer: str) -> None:
    with crew(folder, crm(issuer), WORKERS) as crewed:
        async with seated(crewed) as seats:
            assert sorted(seats) == ["0", "1", "2"]
            for number, seat in seats.items():
                for _ in range(int(number) + 1):
                    await seat.ask(f"GET /crm/of{number}")
            control(issuer, "void")
            assert (await seats["1"].ask("GET /crm/echo")).status == 200
            until(lambda: crewed.held() == [("fresh", 2)] * WORKERS)
            for path in ("", "routes"):
                shown = [facts(await seat.page(path)) for seat in seats.values()]
                assert shown[0], path
                assert shown.count(shown[0]) == WORKERS, path
            for seat in seats.values():
                served = [(row["path"], row["key"][0]) for row in await seat.rows()]
                assert [served.count((f"/crm/of{number}", number)) for number in ("0", "1", "2")] == [1, 2, 3]
                assert [row["attempts"] for row in await seat.rows() if row["path"] == "/crm/echo"] == [2]


async def test_a_button_that_one_worker_hears_counts_for_all(folder: Path, issuer: str) -> None:
    """With the token of a page that another one has shown: what it is made of is common to them."""
    with crew(folder, crm(issuer), WORKERS) as crewed:
        async with seated(crewed) as seats:
            until(lambda: crewed.held() == [("fresh", 1)] * WORKERS)
            token = {"button": await seats["0"].button()}
            assert (await seats["1"].press("providers/crm/refresh", token)).status == 200
            until(lambda: crewed.held() == [("fresh", 2)] * WORKERS)
            assert all([">fresh<" in await seat.page() for seat in seats.values()])
            assert mints(issuer) == 2
            assert (await seats["2"].press("providers/crm/expire", token)).status == 200
            until(lambda: crewed.held() == [("refused", 3)] * WORKERS)  # they hear of it within a second
            assert (await seats["0"].ask("GET /crm/echo")).status == 200
            until(lambda: crewed.held() == [("fresh", 4)] * WORKERS)
            assert mints(issuer) == 3
            assert (await seats["1"].press("reload", token)).status == 200
            for seat in seats.values():
                assert "Reload" in await seat.page("reload")


async def test_without_its_token_or_from_elsewhere_a_button_does_nothing_at_any_worker(
    folder: Path, issuer: str
) -> None:
    with crew(folder, crm(issuer), WORKERS) as crewed:
        async with seated(crewed) as seats:
            until(lambda: crewed.held() == [("fresh", 1)] * WORKERS)
            token = {"button": await seats["0"].button()}
            for seat in seats.values():
                for page in ("providers/crm/expire", "providers/crm/refresh", "reload", "try"):
                    assert (await seat.press(page, {})).code == "origin_refused"
                    assert (await seat.press(page, {"button": "0" * 64})).code == "origin_refused"
                    assert (await seat.press(page, token, "http://evil.test")).code == "origin_refused"
                assert (await seat.ask("GET /-/", "Origin: http://evil.test")).code == "origin_refused"
            assert crewed.held() == [("fresh", 1)] * WORKERS
    assert mints(issuer) == 1
