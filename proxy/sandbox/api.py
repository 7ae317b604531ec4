"""The API's front: every call is recorded, its token judged, and only then answered.

Owns: the table of paths, and the refusal of bad tokens before anything else (a WebSocket's upgrade, a body's bytes).
Must not know: what the features do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from aiohttp import web

from proxy.sandbox import bulk, chat, features
from proxy.sandbox.exchange import Exchange, raw_headers, send
from proxy.sandbox.reply import Reply
from proxy.sandbox.state import Call, State
from proxy.sandbox.styles import STYLES, Style
from proxy.sandbox.tokens import Standing

Feature = Callable[[Exchange], Awaitable[web.StreamResponse]]

FEATURES: dict[str, Feature] = {
    "echo": features.echo,
    "echo/{tail:.*}": features.echo,
    "sse": features.sse,
    "ws": features.ws,
    "upload": bulk.upload,
    "download": bulk.download,
    "status/{code}": features.status,
    "redirect": features.redirect,
    "slow": features.slow,
    "hold": features.hold,
    "page": features.page,
    "forbidden": features.forbidden,
    "leak": features.leak,
    "reply-headers": features.reply_headers,
    "broken/{kind}": bulk.broken,
}
"""Below `/STYLE/api/`, for every style and method."""

FOR_SDKS: tuple[tuple[str, str, Feature], ...] = (
    ("oauth2", "/oauth2/api/v1/chat/completions", chat.openai),
    ("oauth2", "/oauth2/api/v1/models", chat.openai_models),
    ("baidu", "/baidu/rpc/2.0/ai_custom/v1/wenxinworkshop/chat/{model}", chat.qianfan),
)


def routes(state: State) -> Iterator[web.RouteDef]:
    for style in STYLES.values():
        for path, feature in FEATURES.items():
            yield web.route("*", f"/{style.name}/api/{path}", partial(answer, state, style, feature))
    for name, path, feature in FOR_SDKS:
        yield web.route("*", path, partial(answer, state, STYLES[name], feature))


async def answer(state: State, style: Style, feature: Feature, request: web.Request) -> web.StreamResponse:
    value = style.presented(request.query, request.headers)
    standing, token = state.ledger.judge(style.name, value, state.clock())
    path = request.raw_path.partition("?")[0]
    call = Call(style.name, request.method, path, raw_headers(request), standing, token.generation if token else None)
    state.record(call)
    try:
        if standing is Standing.GOOD and token is not None:
            response = await feature(Exchange(state, request, style, token))
        else:
            response = send(refusal(style, standing, inband="inband" in request.query))
        call.status = response.status
    except web.HTTPException as misused:
        call.status = misused.status
        raise
    finally:
        call.body_length, call.ended = request.content.total_bytes, True
        state.changed()
    return response


def refusal(style: Style, standing: Standing, *, inband: bool) -> Reply:
    """The style's refusal; in band it is the first event of a stream that began well."""
    reply = style.refusal(standing)
    if not inband:
        return reply
    return Reply(200, b"data: %s\n\n" % reply.body, "text/event-stream; charset=utf-8")
