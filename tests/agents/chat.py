"""OpenAI's chat completions, as far as agents speak them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.agents.messages import halves
from tests.agents.turns import Asked, Call, Tool, Turn

Document = dict[str, Any]
DEAD = {"error": {"message": "Your token has expired.", "type": "invalid_request_error", "code": "invalid_api_key"}}


def asked(body: Document) -> Asked:
    results = sum(said["role"] == "tool" for said in body["messages"])
    tools = [Tool(tool["function"]["name"], tool["function"].get("parameters", {})) for tool in body.get("tools") or ()]
    return Asked(tools, results, json.dumps(body))


def whole(turn: Turn) -> Document:
    said: Document = {"role": "assistant", "content": turn if isinstance(turn, str) else None}
    if isinstance(turn, Call):
        said["tool_calls"] = [_call(turn, json.dumps(turn.arguments))]
    choice = {"index": 0, "message": said, "finish_reason": _reason(turn)}
    return _completion("chat.completion", choice) | {"usage": _USED}


def events(turn: Turn) -> Iterator[Document]:
    yield _chunk({"role": "assistant", "content": ""})
    if isinstance(turn, Call):
        first, second = halves(json.dumps(turn.arguments))
        yield _chunk({"tool_calls": [_call(turn, first) | {"index": 0}]})
        yield _chunk({"tool_calls": [{"index": 0, "function": {"arguments": second}}]})
    else:
        yield from (_chunk({"content": piece}) for piece in halves(turn))
    yield _completion("chat.completion.chunk", {"index": 0, "delta": {}, "finish_reason": _reason(turn)})
    yield _completion("chat.completion.chunk", None) | {"usage": _USED}


_USED = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}


def _completion(kind: str, choice: Document | None) -> Document:
    choices = [] if choice is None else [choice]
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": "gpt-5", "choices": choices}


def _chunk(delta: Document) -> Document:
    return _completion("chat.completion.chunk", {"index": 0, "delta": delta, "finish_reason": None})


def _call(turn: Call, arguments: str) -> Document:
    named = {"name": turn.tool, "arguments": arguments}
    return {"id": f"call_{turn.number}", "type": "function", "function": named}


def _reason(turn: Turn) -> str:
    return "tool_calls" if isinstance(turn, Call) else "stop"
