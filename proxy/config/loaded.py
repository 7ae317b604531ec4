"""What loading a config comes to.

Owns: the two values, and what can be told of them alone. Must not know: how they come about (load.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from proxy.config.model import Config
from proxy.config.own_presets import OwnPresets
from proxy.config.secrets.certificates import Pem
from proxy.config.secrets.lacking import Lacking
from proxy.config.secrets.sources import OUTSIDE
from proxy.config.written.marks import Document
from proxy.config.written.named import Catalogue
from proxy.config.written.reference import Reference
from proxy.errors import Problem
from proxy.values.listen import PAGES, Door, Listener
from proxy.values.record import record
from proxy.values.where import Where

if TYPE_CHECKING:  # whoever has one has loaded it; others start without
    from proxy.config.written.preset import Live, Preset

T = TypeVar("T")


@record
class Written:
    """What was read of the files of a config, and how, so that its secrets can be read again without them."""

    document: Document = field(repr=False)
    files: tuple[str, ...]
    folder: Path
    environ: Mapping[str, str] | None = field(repr=False)
    strict: bool
    catalogue: Catalogue | None = field(repr=False)  # in place of the package's
    own: OwnPresets = field(repr=False)


@record
class Loaded:
    """A config that can be run.

    `unconfigured`: providers that lack secrets, which are not in `config`, with what they lack.
    `secrets`: per provider, the texts that must not go out. `files`: what the answer depends on, whether it exists
    or not; a change in one is a reason to load again. `folder` is the config file's. `certificates`: of routes that
    have their own, by prefix. `digest` is of what is written, before `${...}` are resolved: no secret behind one can be
    guessed from it. `values` are those of all references; `kept` tells which of them could not be had this time, and
    stay as they were. `warnings`: what weakens security. `commands`: those that were run. `held_back`: why what is
    written now is not what runs. `presets`: those in use, by provider; `uses`: their names. `variables`: those that
    secrets are read from, set or not. `filled`: what nobody wrote, and where it came from. `live`: harmless calls, by
    prefix, that prove a credential. `offline`: nothing is asked for, caches alone answer.
    """

    config: Config = field(repr=False)
    unconfigured: dict[str, Lacking] = field(default_factory=dict)
    secrets: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)
    files: tuple[Path, ...] = ()
    folder: Path = Path()
    certificates: dict[str, Pem] = field(default_factory=dict, repr=False)
    digest: str = ""
    values: dict[Reference, str] = field(default_factory=dict, repr=False)
    kept: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
    commands: frozenset[str] = field(default=frozenset(), repr=False)
    held_back: tuple[str, ...] = ()
    presets: dict[str, Preset] = field(default_factory=dict, repr=False)
    uses: dict[str, str] = field(default_factory=dict)
    variables: frozenset[str] = frozenset()
    filled: dict[Where, str] = field(default_factory=dict)
    live: dict[str, Live] = field(default_factory=dict, repr=False)
    offline: bool = False
    written: Written | None = field(default=None, repr=False)

    @property
    def asks_outside(self) -> bool:
        """Whether there are sources that can't be watched."""
        return self.fails or any(reference.kind in OUTSIDE for reference in self.values)

    @property
    def fails(self) -> bool:
        """Whether a source did not answer, and may later."""
        return bool(self.kept) or any(lacking.reasons for lacking in self.unconfigured.values())

    def with_config(self, **changes: Any) -> Loaded:
        """The same with other values of these keys, which are not checked again."""
        return replace(self, config=self.config.model_copy(update=changes))

    def at(self, doors: Sequence[Door]) -> Loaded:
        """The same, but that it listens there. Routes that there is no door for have no address of their own."""
        spelt = [(door.route, _spelt(door.listener, self.config.tls is not None)) for door in doors]
        own = {route: written for route, written in spelt if route is not None}
        admin = self.config.admin.model_copy(update={"listen": own.pop(PAGES, None)})
        routes = {
            prefix: route if route.listen == own.get(prefix) else route.model_copy(update={"listen": own.get(prefix)})
            for prefix, route in self.config.routes.items()
        }
        main = [written for route, written in spelt if route is None]
        return self.with_config(listen=main, routes=routes, admin=admin)

    def only(self, *, providers: Collection[str] = (), routes: Collection[str] = ()) -> Loaded:
        """The same with these providers and routes, by name, and no others; of names that there aren't, none."""
        kept = replace(
            self,
            unconfigured=_those(self.unconfigured, providers),
            secrets=_those(self.secrets, providers),
            certificates=_those(self.certificates, routes),
        )
        config = self.config
        return kept.with_config(providers=_those(config.providers, providers), routes=_those(config.routes, routes))


def _spelt(listener: Listener, tls: bool) -> str:
    """`tls`: what it is without a scheme."""
    return listener.address if listener.tls == tls else listener.url


def _those(by_name: Mapping[str, T], names: Collection[str]) -> dict[str, T]:
    return {name: value for name, value in by_name.items() if name in names}
