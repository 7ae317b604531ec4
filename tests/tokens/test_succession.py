"""How a new config takes its place: what the loop does of it, and how often."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from proxy.config.load import load
from proxy.config.loaded import Loaded
from proxy.tokens.succession import Succession
from tests.tokens.cells import World, landed


def config(folder: Path, count: int, secret: str, upstream: str = "https://a.example") -> Loaded:
    providers = "".join(
        f"  p{number}: {{scheme: oauth2, token_url: https://a.test, client_id: c{number}, client_secret: {secret}}}\n"
        for number in range(count)
    )
    routes = "".join(f"  /r{number}: {{upstream: {upstream}, provider: p{number}}}\n" for number in range(count))
    path = folder / "config.yaml"
    path.write_text(f"providers:\n{providers}routes:\n{routes}")
    return load(path, environ={})


class Settled:
    def __init__(self) -> None:
        self.times = 0
        self.again = asyncio.Event()

    def __call__(self) -> None:
        self.times += 1
        self.again.set()


async def minted(world: World, succession: Succession) -> None:
    world.keeper.warm(succession.cells.values())
    await landed()


async def test_many_secrets_that_change_at_once_are_settled_together(tmp_path: Path) -> None:
    """Each that is settled compiles the whole config: twenty would be twenty times that."""
    count, settled, world = 20, Settled(), World()
    succession = Succession(config(tmp_path, count, "old-secret"), world.keeper, world.clock, lambda: 0.5, settled)
    await minted(world, succession)
    before = dict(succession.cells)
    await succession.want(config(tmp_path, count, "new-secret"))
    assert succession.cells == before, "the old ones serve until the new ones have tokens"
    settled.times = 0
    while any(succession.cells[name] is before[name] for name in before):
        settled.again.clear()
        await settled.again.wait()
    assert settled.times <= 3
    await succession.close()
    await world.keeper.close()


async def test_a_config_that_is_overtaken_is_not_served_last(tmp_path: Path) -> None:
    world = World()
    succession = Succession(config(tmp_path, 1, "a-secret"), world.keeper, world.clock, lambda: 0.5, Settled())
    configs = [config(tmp_path, 1, "a-secret", f"https://{name}.example") for name in ("b", "c", "d")]
    await asyncio.gather(*map(succession.want, configs))
    assert succession.plan.routes["/r0"].upstream == "https://d.example"
    await succession.close()
    await world.keeper.close()


async def test_of_each_route_the_loop_sees_little(tmp_path: Path) -> None:
    """All that takes its time is done in a thread: the loop runs a few lines per route, and compiling hundreds."""

    async def lines(count: int) -> int:
        world = World()
        one, two = (config(tmp_path, count, "a-secret", f"https://{name}.example") for name in "ab")
        succession = Succession(one, world.keeper, world.clock, lambda: 0.5, Settled())
        ran = 0

        def trace(_frame: FrameType, event: str, _arg: object) -> Any:
            nonlocal ran
            ran += event == "line"
            return trace

        before = sys.gettrace()
        sys.settrace(trace)  # of this thread
        await succession.want(two)
        sys.settrace(before)
        await world.keeper.close()
        return ran

    assert (await lines(150) - await lines(50)) / 100 < 40
