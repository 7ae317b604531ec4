"""Chat completions for real SDKs: OpenAI's shape under `oauth2`, Qianfan's v1 shape under `baidu`.

Owns: the two vendors' documents, whole and streamed. The model is a parrot, so that a test knows what it will say.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

from aiohttp import web

from proxy.sandbox.exchange import Exchange, bad, send_json, stream
from proxy.sandbox.features import SSE_HEADERS, event

MODEL = "sandbox-parrot"
DONE = b"data: [DONE]\n\n"


async def openai(x: Exchange) -> web.StreamResponse:
    asked = await _document(x.request)
    if asked is None or not said(asked):
        raise bad("messages: expected a list whose last message has some content")
    if not asked.get("stream"):
        return send_json(openai_document(asked, x.state.clock()))
    chunks = openai_chunks(asked, x.state.clock())
    return await stream(x.request, _events(chunks, DONE), SSE_HEADERS)


async def openai_models(x: Exchange) -> web.StreamResponse:
    created = int(x.state.clock())
    model = {"id": MODEL, "object": "model", "created": created, "owned_by": "sandbox"}
    return send_json({"object": "list", "data": [model]})


async def qianfan(x: Exchange) -> web.StreamResponse:
    asked = await _document(x.request)
    if asked is None:  # Baidu's codes, which come inside HTTP 200 too
        return send_json({"error_code": 336002, "error_msg": "Invalid JSON"})
    if not said(asked):
        return send_json({"error_code": 336006, "error_msg": "the length of messages must be an odd number"})
    if not asked.get("stream"):
        return send_json(qianfan_document(asked, x.state.clock()))
    return await stream(x.request, _events(qianfan_chunks(asked, x.state.clock()), b""), SSE_HEADERS)


async def _document(request: web.Request) -> dict[str, Any] | None:
    try:
        document = json.loads(await request.read())
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


async def _events(documents: Iterable[Any], end: bytes) -> AsyncIterator[bytes]:
    for document in documents:
        yield event(document)
    if end:
        yield end


# ------------------------------------------------------------------------------------------- what is said


def said(asked: dict[str, Any]) -> str:
    """The text of the last message; content may be a list of parts."""
    messages = asked.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    content = last.get("content") if isinstance(last, dict) else None
    if isinstance(content, list):
        return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _words(asked: dict[str, Any]) -> list[str]:
    """The answer in the pieces that a stream brings."""
    return ["You said:", *(f" {word}" for word in said(asked).split())]


def _usage(asked: dict[str, Any]) -> dict[str, int]:
    heard, spoken = len(said(asked).split()), len(_words(asked))
    return {"prompt_tokens": heard, "completion_tokens": spoken, "total_tokens": heard + spoken}


# ------------------------------------------------------------------------------------------- OpenAI


def openai_document(asked: dict[str, Any], now: float) -> dict[str, Any]:
    message = {"role": "assistant", "content": "".join(_words(asked)), "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return {**_openai_head(asked, now, "chat.completion"), "choices": [choice], "usage": _usage(asked)}


def openai_chunks(asked: dict[str, Any], now: float) -> list[dict[str, Any]]:
    """A role, the words, a finish; and the usage, if `stream_options` asks for it."""
    head = _openai_head(asked, now, "chat.completion.chunk")
    deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word} for word in _words(asked)]
    chunks = [{**head, "choices": [_choice(delta, None)]} for delta in deltas]
    chunks.append({**head, "choices": [_choice({}, "stop")]})
    options = asked.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage"):
        chunks.append({**head, "choices": [], "usage": _usage(asked)})
    return chunks


def _choice(delta: dict[str, str], finish: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _openai_head(asked: dict[str, Any], now: float, kind: str) -> dict[str, Any]:
    model = str(asked.get("model") or MODEL)
    return {"id": "chatcmpl-sandbox", "object": kind, "created": int(now), "model": model}


# ------------------------------------------------------------------------------------------- Qianfan v1


def qianfan_document(asked: dict[str, Any], now: float) -> dict[str, Any]:
    whole = {"result": "".join(_words(asked)), "finish_reason": "normal", "usage": _usage(asked)}
    return {**_qianfan_head(now), **whole}


def qianfan_chunks(asked: dict[str, Any], now: float) -> list[dict[str, Any]]:
    """One document per word; the last says `is_end`, and there is no [DONE]."""
    words, usage = _words(asked), _usage(asked)
    return [
        {
            **_qianfan_head(now),
            "sentence_id": count,
            "is_end": count == len(words) - 1,
            "result": word,
            "usage": usage,
        }
        for count, word in enumerate(words)
    ]


def _qianfan_head(now: float) -> dict[str, Any]:
    return {
        "id": "as-sandbox",
        "object": "chat.completion",
        "created": int(now),
        "is_truncated": False,
        "need_clear_history": False,
    }
