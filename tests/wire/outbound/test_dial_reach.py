"""The dialled address is the one that was judged."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from proxy.errors import Fault
from proxy.http.origin import Origin
from proxy.wire.outbound.dial import AddrInfo, Dialer, tls_context
from tests.certificates import Authority
from tests.wire.outbound.scripted import Leg, leg, replies
from tests.wire.outbound.test_dial import OK, Names, Outbound, at


class Rebinding:
    """Answers first what is harmless, then what is not."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, _host: str, port: int) -> list[AddrInfo]:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        await asyncio.sleep(0)
        return at(*answer, port=port)


async def refusal(api: Leg) -> str:
    with pytest.raises(Fault) as caught:
        await api.send(connect=5.0)
    assert (caught.value.code, caught.value.status, api.accepted) == ("upstream_unreachable", 502, 0)
    return caught.value.detail


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "198.18.0.1"]
)
async def test_a_name_of_a_near_address_needs_consent(address: str) -> None:
    async with leg(replies(OK), dial=Dialer(resolve=Names(address))) as api:
        api.origin = api.origin._replace(host="api.test")
        detail = await refusal(api)
        assert "needs `private: true`" in detail
        assert address not in detail


async def test_consent_is_enough() -> None:
    async with leg(replies(OK), dial=Dialer(resolve=Names("127.0.0.1"))) as api:
        api.origin = api.origin._replace(host="api.test", private=True)
        assert await api.ask() == (200, b"ok")


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "fd00:ec2::254", "100.100.100.200", "::ffff:a9fe:a9fe"]
)
async def test_metadata_is_never_dialled_for_a_name(address: str, private: bool) -> None:
    async with leg(replies(OK), dial=Dialer(resolve=Names(address))) as api:
        api.origin = api.origin._replace(host="api.test", private=private)
        assert "metadata" in await refusal(api)


async def test_nor_for_a_route_that_spells_it_out() -> None:
    """`check` refuses that; should it come here all the same, it ends here."""
    async with leg(replies(OK)) as api:
        api.origin = api.origin._replace(host="169.254.169.254", private=True)
        assert "metadata" in await refusal(api)


async def test_only_the_allowed_of_several_addresses_are_dialled() -> None:
    """The server listens on 127.0.0.1: were it dialled, it would answer."""
    names = Names("127.0.0.1", "169.254.169.254", "192.0.2.1")
    async with leg(replies(OK), dial=Dialer(resolve=names)) as api:
        api.origin = api.origin._replace(host="api.test")
        await refusal(api)
        names.hosts = ("169.254.169.254", "0.0.0.0", "127.0.0.1")
        api.origin = api.origin._replace(private=True)
        assert await api.ask() == (200, b"ok")
        ((_, known),) = (kept for where, kept in api.upstream.pool._dial._names.items() if where[2])  # type: ignore[attr-defined]
        assert [each[4][0] for each in known.result()] == ["127.0.0.1"]


async def test_localhost_is_this_machine_or_nothing() -> None:
    async with leg(replies(OK), dial=Dialer(resolve=Names("8.8.8.8", "10.0.0.1"))) as api:
        api.origin = api.origin._replace(host="localhost", private=True)
        assert "another machine" in await refusal(api)


async def test_a_name_that_is_rebound_is_judged_at_each_lookup() -> None:
    """One answer is judged and dialled; the next lookup's answer is judged anew."""
    names = Rebinding(("127.0.0.1",), ("169.254.169.254",))
    async with leg(replies(b"HTTP/1.0 204 X\r\n\r\n"), dial=Dialer(resolve=names)) as api:
        api.origin = api.origin._replace(host="api.test", private=True)
        assert await api.ask() == (204, b"")
        assert names.asked == 1, "a second lookup between judging and dialling"
        api.upstream.pool._dial._names.clear()  # type: ignore[attr-defined]
        with pytest.raises(Fault, match="metadata"):
            await api.ask()
        assert api.accepted == 1


async def test_consent_of_one_route_is_not_that_of_another() -> None:
    """Neither by what DNS was remembered to say, nor by a connection that is open already."""
    names = Names("127.0.0.1")
    async with leg(replies(OK, OK), dial=Dialer(resolve=names)) as api:
        api.origin = api.origin._replace(host="api.test", private=True)
        assert await api.ask() == (200, b"ok")
        api.origin = api.origin._replace(private=False)
        with pytest.raises(Fault, match="private: true"):
            await api.ask()
        assert (api.accepted, api.upstream.pool.idle) == (1, 1)


async def test_an_outbound_proxy_resolves_for_itself(tmp_path: Path) -> None:
    """Neither its own address is judged, which is the operator's, nor what it makes of the name."""
    authority = Authority(tmp_path)
    outbound = Outbound()
    async with leg(outbound) as proxy:
        context = tls_context(authority.pem)
        url = f"http://proxy.test:{proxy.origin.port}"
        dialer = Dialer({"https": url}, tls=lambda _: context, resolve=Names("127.0.0.1"))
        async with leg(replies(OK), dial=dialer, tls=authority.server("api.test")) as api:
            outbound.target = api.origin.port
            api.origin = Origin(tls=True, host="api.test", port=443)
            assert await api.ask() == (200, b"ok")
            await api.upstream.close()
            await proxy.deserted()
    assert len(outbound.heads) == 1
