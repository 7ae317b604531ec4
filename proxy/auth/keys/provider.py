"""The keys that every provider has, and what its scheme answers about them before anything is compiled.

Owns: where a credential goes, how its death shows, how it is kept fresh. Must not know: which schemes there are; what a
scheme answers otherwise stands in its own file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from proxy.auth.token import CommandRequest
from proxy.values.kinds import Duration, OneOrMore, Regex, Secretive, Statuses, Strict, Texts
from proxy.values.where import Finding, Where


class HeaderSlot(Secretive):
    """A header that may stand beside the client's: then it is no template, but a constant."""

    value: str
    mode: Literal["replace", "if_absent", "append"] = "replace"


class Inject(Secretive):
    """Where the credential goes: templates over {token}, {basic} and {reply.PATH}, by the place's name."""

    header: dict[str, str | HeaderSlot] = {}
    query: dict[str, str] = {}
    cookie: dict[str, str] = {}
    json_: dict[str, str] = Field(default={}, alias="json")
    form: dict[str, str] = {}

    @property
    def slots(self) -> dict[str, HeaderSlot]:
        """The headers, each spelled out."""
        return {name: HeaderSlot(value=text) if isinstance(text, str) else text for name, text in self.header.items()}

    @property
    def beside(self) -> dict[str, HeaderSlot]:
        """The headers that do not take the place of the client's."""
        return {name: slot for name, slot in self.slots.items() if slot.mode != "replace"}

    @property
    def in_place(self) -> dict[str, dict[str, str]]:
        """By place, the templates that do."""
        headers = {name: slot.value for name, slot in self.slots.items() if slot.mode == "replace"}
        return {"header": headers, "query": self.query, "cookie": self.cookie, "json_": self.json_, "form": self.form}


class RefusalRule(Strict):
    """All keys of a rule must match."""

    status: Statuses | None = None
    header: dict[str, str] | None = None
    json_: dict[str, OneOrMore] | None = Field(default=None, alias="json")
    message: dict[str, Regex] | None = None
    body: Texts | None = None
    content_type: str | None = None
    older_than: Duration | None = None
    safe_only: bool = False


def _host(written: str) -> str:
    """May hold a preset's `{parameter}`."""
    label = r"[a-z0-9{}_](?:[a-z0-9{}_-]*[a-z0-9{}_])?"
    if re.fullmatch(rf"(?:\*\.)?{label}(?:\.{label})+", written):
        return written
    raise ValueError("expected a host such as files.example.com, or *.example.com for those below it")


class Host(Strict):
    """A host beside the upstream's that is called through the same route. `credential`: whether it may see the
    credential.
    """

    host: Annotated[str, AfterValidator(_host)]
    credential: bool


_DAY = 86400


def _seconds(value: Any) -> int:
    return int(value) if str(value).isdecimal() else 0


class Refresh(Strict):
    before: Duration | None = None
    min_interval: Duration | None = None


class StandIn(Strict):
    """The token endpoint that the proxy plays for SDKs that insist on one; `{placeholder}` in the reply."""

    path: str
    reply: dict[str, Any]

    @property
    def lifetime(self) -> int:
        """The seconds that the reply tells; a day where it tells none."""
        told = (_seconds(value) for name, value in self.reply.items() if name.lower().startswith("expire"))
        return next(filter(None, told), _DAY)


BY_STATUS = (RefusalRule(status=[401]),)
"""How the death of a credential shows where nobody says otherwise."""


class ProviderCommon(Secretive):
    """What is answered here is what most schemes would."""

    fillers: ClassVar[Mapping[str, Any]] = {}
    """By needed key, what may stand in its place where it is wrong, so that the rest is still checked."""

    if TYPE_CHECKING:
        scheme: str  # the one word of each kind, which declares it itself

    use: str | None = None
    base: str | None = None
    hosts: list[Host] = []
    inject: Inject = Inject(header={"Authorization": "Bearer {token}"})
    refused: list[RefusalRule] | None = None
    dead: list[RefusalRule] | None = None
    refresh: Refresh = Refresh()
    ttl: Duration | None = None
    exclusive: bool = False
    stand_in: StandIn | None = None

    @property
    def effective_inject(self) -> Inject:
        """Where the credential goes if the route says nothing else."""
        return self.inject

    @property
    def filled_headers(self) -> frozenset[str]:
        """In lower case: in these stands what the provider sends, whatever the client sent."""
        return frozenset(name.lower() for name in self.effective_inject.in_place["header"])

    @property
    def sent_as_bearer(self) -> bool:
        """Nobody has said where the token goes."""
        return "inject" not in self.model_fields_set

    def inject_beside(self, *, path: bool) -> Inject:
        """`path`: the route's own path holds the credential. Then it stands nowhere else, unless that is asked for."""
        return Inject() if path and self.sent_as_bearer else self.effective_inject

    @property
    def effective_refusals(self) -> list[RefusalRule]:
        """The rules that hold; where there are none, no reply says anything of the credential."""
        return list(self.default_refusals) if self.refused is None else self.refused

    @property
    def effective_dead(self) -> list[RefusalRule]:
        """The rules by which a credential is dead that nothing renews."""
        return self.dead or []

    @property
    def default_refusals(self) -> tuple[RefusalRule, ...]:
        return BY_STATUS

    @property
    def names_upstream(self) -> bool:
        """The reply that brings the token says where the API is."""
        return False

    @property
    def reply_shape(self) -> dict[str, Any]:
        """What brings its token, with `{placeholder}` in the token's place; unsaid, as in OAuth2 (RFC 6749 §5.1)."""
        return {"access_token": "{placeholder}", "token_type": "Bearer", "expires_in": _DAY}

    @property
    def commands(self) -> tuple[CommandRequest, ...]:
        """What it has run here, at each mint."""
        return ()

    @property
    def unwritten(self) -> tuple[str, ...]:
        """In words, what its credential is made of that stands nowhere in the config: read anew at each mint."""
        return ()

    @property
    def clients_log_in(self) -> bool:
        """The API's clients answer any 401 with a login of their own, around the proxy; so none may reach them."""
        return False

    @property
    def effective_skewed(self) -> list[RefusalRule]:
        """How the API says that our clock is off, for what is sent with the time in it."""
        return []

    def unfilled(self, name: str) -> str | None:
        """Why a template can't have the credential's `token`, `basic` or `reply.PATH`, if it can't."""
        return "{basic} needs scheme static with username and password" if name == "basic" else None

    def same_login(self, other: ProviderCommon) -> bool:  # noqa: ARG002 -- for schemes that keep a login
        """Whether only the client's own proof differs: the refresh token that was kept stays good."""
        return False

    def check(self, where: Where) -> Iterator[Finding]:  # noqa: ARG002 -- for schemes with keys of their own
        """Every mistake in the scheme's own keys that the types can't see. No finding quotes a value."""
        yield from ()
