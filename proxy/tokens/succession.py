"""Which plan and cells serve, and how a provider gets from one credential to its next with no dead request.

Owns: when an old credential has served its time (docs/traps.md 18). While its token lives and the new one has brought
none, the old one serves: an issuer may learn of a new secret later than we do. It mints no more, and nothing of it can
get into the new one's cell. Must not know: where configs come from (reload.py), requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from proxy.auth.life.lifecycle import Lifecycle, State
from proxy.auth.schemes.scheme import Scheme
from proxy.config.loaded import Loaded
from proxy.errors import Fault
from proxy.plan.compile import compile_plan
from proxy.plan.route import Plan, ProviderPlan
from proxy.tasks import Tasks, freed
from proxy.tokens.cell import Cell
from proxy.tokens.keeper import Keeper
from proxy.values.now import Now

ASK_AGAIN = 5.0
LONGEST_PAUSE = 60.0


class Heir(NamedTuple):
    """`new` is to follow `old`."""

    old: Cell
    new: Cell


class Following(NamedTuple):
    """Of a provider, from one credential to another, by their identities."""

    provider: str
    old: str
    new: str


Definition = tuple[str, Scheme, Callable[[], Lifecycle]]


class Compiled(NamedTuple):
    """A plan, and what the keeper is told of each provider in it that is awake, by name."""

    plan: Plan
    definitions: dict[str, Definition]


class Succession:
    """`settled` is called whenever `plan` and `cells` have changed, so that requests get to see them.

    Plans are compiled in a thread, while the one before serves: that of ten thousand routes takes a second.
    """

    def __init__(
        self,
        loaded: Loaded,
        keeper: Keeper,
        clock: Callable[[], Now],
        draw: Callable[[], float],
        settled: Callable[[], None],
    ) -> None:
        """Serves `loaded` from the start, of which `settled` is not told. Nothing runs yet that this could hold up."""
        self._keeper = keeper
        self._clock = clock
        self._draw = draw
        self._settled = settled
        self._wanted = self._newest = self.serving = loaded
        self._tasks = Tasks()
        self._following: dict[Following, asyncio.Task[None]] = {}
        self._turn = asyncio.Lock()
        self._asked = self._answered = 0
        self.plan, awake = self._compile(loaded)
        self.cells = dict(zip(awake, keeper.recast(awake.values()), strict=True))

    async def want(self, loaded: Loaded) -> None:
        """Serve this config from now on, each provider with its new credential as soon as that has a token."""
        self._newest = loaded
        await self._settle()

    async def _settle(self) -> None:
        """One at a time: all who ask while one is under way are answered by the next."""
        self._asked += 1
        asked = self._asked
        async with self._turn:
            if self._answered < asked:
                answered, self._wanted = self._asked, self._newest
                await self._serve(self._wanted)
                self._answered = answered

    async def _serve(self, wanted: Loaded) -> None:
        compiled = await asyncio.to_thread(self._compile, wanted)
        waiting = {
            name: compiled.definitions[name] for name, each in compiled.plan.providers.items() if self._waits(each)
        }
        serving = _with_old(wanted, self.serving, waiting) if waiting else wanted
        if waiting:
            compiled = await asyncio.to_thread(self._compile, serving)
        config, plan = [self.serving], [self.plan]
        self._install(serving, compiled, waiting)
        self._tasks.spawn(freed([], plan, config), "free what served before")  # the lanes to it go first (app.py)

    def _compile(self, loaded: Loaded) -> Compiled:
        plan = compile_plan(loaded, self._draw, self._clock())
        return Compiled(plan, {each.name: _definition(each) for each in plan.providers.values() if each.scheme})

    def _install(self, serving: Loaded, compiled: Compiled, waiting: Mapping[str, Definition]) -> None:
        """By the loop alone, so it must not take long; `waiting` are served by what they had before."""
        previous, self.serving, self.plan = self.serving, serving, compiled.plan
        awake = compiled.definitions
        cells = self._keeper.recast((*awake.values(), *waiting.values()))
        before, self.cells = self.cells, dict(zip(awake, cells, strict=False))
        heirs = {name: Heir(before[name], cell) for name, cell in zip(waiting, cells[len(awake) :], strict=True)}
        followers = {name: Heir(before[name], cell) for name, cell in self.cells.items() if name in before} | heirs
        for name, heir in followers.items():
            if heir.new is not heir.old and not heir.old.life.flying and self._is_same_login(previous, name):
                heir.new.inherit(heir.old)
        _appoint(set(self.cells.values()), followers, heirs)
        self._arrange(heirs)
        self._settled()

    def _is_same_login(self, serving: Loaded, name: str) -> bool:
        """Whether the refresh token that was kept stays good."""
        old, new = serving.config.providers.get(name), self._wanted.config.providers.get(name)
        return old is not None and new is not None and old.same_login(new)

    def _waits(self, provider: ProviderPlan) -> bool:
        """Whether the old credential should serve until the new one has a token."""
        old = self.cells.get(provider.name)
        if provider.scheme is None or old is None or provider.scheme.identity == old.key:
            return False
        new = self._keeper.known(provider.scheme.identity)
        if new is not None and new.usable is not None:
            return False
        if old.life.flying and self._is_same_login(self.serving, provider.name):
            return True  # it may be spending the refresh token that the new one is to go on with
        return old.usable is not None and old.life.state(self._clock()) is not State.STATIC

    def _arrange(self, heirs: Mapping[str, Heir]) -> None:
        """A task for each of these, and for no others."""
        keys = {Following(name, heir.old.key, heir.new.key): heir for name, heir in heirs.items()}
        for key in self._following.keys() - keys.keys():
            task = self._following.pop(key)
            if task is not asyncio.current_task():
                task.cancel()
        for key, heir in keys.items():
            if key not in self._following or self._following[key].done():
                follow = self._follow(key.provider, heir)
                self._following[key] = self._tasks.spawn(follow, f"new credential of {key.provider}")

    async def _follow(self, name: str, heir: Heir) -> None:
        """Until the new credential has a token, or the old one's token has died."""
        while heir.old.successor is None and heir.old.life.flying and self._is_same_login(self.serving, name):
            await heir.old.landed()
            await self._settle()  # now the new one has the refresh token that this flight brought
        while heir.new.usable is None and (token := heir.old.usable) is not None:
            try:
                await heir.new.token(name)
            except Fault as fault:
                pause = min(fault.retry_after or ASK_AGAIN, LONGEST_PAUSE, max(0.0, token.left(self._clock())))
                await asyncio.sleep(pause + 0.01)  # not just before
        await self._settle()

    async def close(self) -> None:
        await self._tasks.close()


def _definition(provider: ProviderPlan) -> Definition:
    assert provider.scheme is not None  # noqa: S101 -- asked before
    assert provider.life is not None  # noqa: S101 -- they come together
    life = provider.life()  # here, in the thread
    return provider.name, provider.scheme, lambda: life


def _with_old(wanted: Loaded, serving: Loaded, names: Iterable[str]) -> Loaded:
    """`wanted`, but with the definitions now in service of the providers named."""
    providers = wanted.config.providers | {name: serving.config.providers[name] for name in names}
    secrets = wanted.secrets | {name: serving.secrets.get(name, frozenset()) for name in names}
    return replace(wanted.with_config(providers=providers), secrets=secrets)


def _appoint(serving: Collection[Cell], followers: Mapping[str, Heir], heirs: Mapping[str, Heir]) -> None:
    """Say of each cell who follows it: nobody, while a provider relies on it, unless all of them wait for the same."""
    for cell in serving:
        cell.successor = None
    for old, new in followers.values():
        if old not in serving and old is not new:
            old.successor = new
    for old, new in heirs.values():
        spends = old.life.flying and new.one_shot
        if not spends and {heirs[name].new if name in heirs else None for name in old.names} == {new}:
            old.successor = new
