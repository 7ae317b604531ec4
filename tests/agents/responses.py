"""OpenAI's Responses API, as far as agents speak it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.agents import chat
from tests.agents.messages import halves
from tests.agents.turns import Asked, Tool, Turn

Document = dict[str, Any]
DEAD = chat.DEAD
_RESULTS = ("function_call_output", "custom_tool_call_output", "local_shell_call_output")


def asked(body: Document) -> Asked:
    items = body["input"] if isinstance(body["input"], list) else []
    results = sum(item.get("type") in _RESULTS for item in items)
    functions = [Tool(tool["name"], tool["parameters"]) for tool in body.get("tools", ()) if tool["type"] == "function"]
    freeform = [Tool(tool["name"], None) for tool in body.get("tools", ()) if tool["type"] == "custom"]
    return Asked(functions + freeform, results, json.dumps(body))


def whole(turn: Turn) -> Document:
    return _response("completed", [_item(turn)])


def events(turn: Turn) -> Iterator[Document]:
    yield {"type": "response.created", "response": _response("in_progress", [])}
    item = _item(turn)
    yield {"type": "response.output_item.added", "output_index": 0, "item": _begun(item)}
    yield from _deltas(item)
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    yield {"type": "response.completed", "response": _response("completed", [item])}


def _response(status: str, output: list[Document]) -> Document:
    used = {"input_tokens": 1, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 1}
    used |= {"output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 2}
    named = {"id": "resp_1", "object": "response", "created_at": 1, "model": "gpt-5", "status": status}
    return named | {"output": output, "usage": used, "error": None, "incomplete_details": None}


def _item(turn: Turn) -> Document:
    if isinstance(turn, str):
        part = {"type": "output_text", "text": turn, "annotations": []}
        return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    named = {"id": f"fc_{turn.number}", "call_id": f"call_{turn.number}", "name": turn.tool, "status": "completed"}
    if isinstance(turn.arguments, str):
        return named | {"type": "custom_tool_call", "input": turn.arguments}
    return named | {"type": "function_call", "arguments": json.dumps(turn.arguments)}


def _begun(item: Document) -> Document:
    empty: Document = {"content": []} if item["type"] == "message" else {"arguments": ""}
    if item["type"] == "custom_tool_call":
        empty = {"input": ""}
    return item | {"status": "in_progress"} | empty


def _deltas(item: Document) -> Iterator[Document]:
    where = {"item_id": item["id"], "output_index": 0}
    if item["type"] == "message":
        part = item["content"][0]
        where |= {"content_index": 0}
        yield {"type": "response.content_part.added", **where, "part": part | {"text": ""}}
        for piece in halves(part["text"]):
            yield {"type": "response.output_text.delta", **where, "delta": piece}
        yield {"type": "response.output_text.done", **where, "text": part["text"]}
        yield {"type": "response.content_part.done", **where, "part": part}
        return
    kind, key = ("function_call_arguments", "arguments") if "arguments" in item else ("custom_tool_call_input", "input")
    for piece in halves(item[key]):
        yield {"type": f"response.{kind}.delta", **where, "delta": piece}
    yield {"type": f"response.{kind}.done", **where, key: item[key]}
