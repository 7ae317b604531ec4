"""The switches over HTTP, for suites that are not in Python or not in this process.

Owns: `/control/...` and its JSON. Must not know: what a switch does. A wrong name or type is refused by name.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import fields
from functools import partial
from typing import Annotated, Any, Literal, TypeVar

from aiohttp import web
from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict  # pydantic cannot read typing.TypedDict before Python 3.12

from proxy.sandbox.exchange import bad, masked_headers, send_json
from proxy.sandbox.state import Call, State, Switches
from proxy.sandbox.styles import STYLES

Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False, strict=True)]
Status = Annotated[int, Field(ge=400, le=599, strict=True)]
HeaderValue = Annotated[str, Field(pattern=r"^[ -~]+$")]
Parsed = TypeVar("Parsed")


def _decoded(written: str) -> bytes:
    return base64.b64decode(written, validate=True)


@with_config(ConfigDict(extra="forbid"))
class Changes(TypedDict, total=False):
    """The body of POST /control/set: what to change, each by the name of the sandbox's attribute."""

    lifetime: Annotated[Seconds, Field(gt=0)]
    issuer_down: bool | Status | Literal["close"]
    issuer_delay: Annotated[Seconds, Field(le=600)]
    retry_after: Seconds | None
    reissue_same: bool
    rotate_refresh: bool
    broken_reply: bytes | None
    broken_reply_base64: Annotated[str, AfterValidator(_decoded)]
    broken_type: HeaderValue
    broken_encoding: HeaderValue | None
    broken_cut: bool
    keys: dict[str, str]


@with_config(ConfigDict(extra="forbid"))
class Void(TypedDict, total=False):
    """The body of POST /control/void; without a style, all of them."""

    style: Literal["baidu", "aiob", "session", "oauth2"] | None


CHANGES = TypeAdapter(Changes)
VOID = TypeAdapter(Void)


def routes(state: State) -> Iterator[web.RouteDef]:
    yield web.get("/control/state", partial(show, state))
    yield web.get("/control/requests", partial(calls, state))
    yield web.post("/control/void", partial(void, state))
    yield web.post("/control/set", partial(change, state))
    yield web.post("/control/reset", partial(reset, state))


async def show(state: State, _request: web.Request) -> web.Response:
    return send_json(described(state))


async def calls(state: State, _request: web.Request) -> web.Response:
    return send_json({"requests": [_shown(call) for call in state.requests]})


async def void(state: State, request: web.Request) -> web.Response:
    style = _read(VOID, await request.read()).get("style")
    return send_json({"voided": state.void(style), **described(state)})


async def change(state: State, request: web.Request) -> web.Response:
    apply(state, _read(CHANGES, await request.read()))
    return send_json(described(state))


async def reset(state: State, _request: web.Request) -> web.Response:
    state.reset()
    return send_json(described(state))


def apply(state: State, changes: Changes) -> None:
    wanted: dict[str, Any] = {**changes}
    if "broken_reply_base64" in wanted:
        wanted["broken_reply"] = wanted.pop("broken_reply_base64")
    for name, value in wanted.items():
        setattr(state, name, value)
    state.changed()


def described(state: State) -> dict[str, Any]:
    """Counters, tokens and switches; no token, no secret."""
    now = state.clock()
    switches = {switch.name: getattr(state, switch.name) for switch in fields(Switches)}
    if state.broken_reply is not None:
        switches["broken_reply"] = state.broken_reply.decode(errors="replace")
    return {
        "mints": _counted(state.mints),
        "token_requests": _counted(state.token_requests),
        "api_requests": state.api_requests,
        "tokens": {
            name: {"generation": state.ledger.generation(name), "live": state.ledger.live(name, now)} for name in STYLES
        },
        "switches": {**switches, "keys": sorted(state.keys)},
    }


def _counted(counts: dict[str, int]) -> dict[str, int]:
    return {**{name: counts.get(name, 0) for name in STYLES}, "total": sum(counts.values())}


def _shown(call: Call) -> dict[str, Any]:
    return {
        "style": call.style,
        "method": call.method,
        "path": call.path,
        "headers": masked_headers(call.headers, None),
        "token": call.token,
        "generation": call.generation,
        "status": call.status,
        "body_length": call.body_length,
        "ended": call.ended,
    }


def _read(shape: TypeAdapter[Parsed], body: bytes) -> Parsed:
    try:
        return shape.validate_json(body or b"{}")
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise bad("; ".join(problems)) from None
