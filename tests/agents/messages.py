"""Anthropic's Messages API, as far as agents speak it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.agents.turns import Asked, Call, Tool, Turn

Document = dict[str, Any]
DEAD = {"type": "error", "error": {"type": "authentication_error", "message": "OAuth token has expired"}}


def asked(body: Document) -> Asked:
    blocks = [block for said in body["messages"] if isinstance(said["content"], list) for block in said["content"]]
    results = sum(block["type"] == "tool_result" for block in blocks)
    tools = [Tool(tool["name"], tool["input_schema"]) for tool in body.get("tools", ()) if "input_schema" in tool]
    return Asked(tools, results, json.dumps(body))


def whole(turn: Turn) -> Document:
    return _message([_block(turn)], _reason(turn))


def events(turn: Turn) -> Iterator[Document]:
    yield {"type": "message_start", "message": _message([], None)}
    block = _block(turn)
    text = block.get("text", "")
    empty: Document = {"text": ""} if text else {"input": {}}
    yield {"type": "content_block_start", "index": 0, "content_block": block | empty}
    pieces = [{"type": "text_delta", "text": piece} for piece in halves(text)]
    if not isinstance(turn, str):
        pieces = [{"type": "input_json_delta", "partial_json": piece} for piece in halves(json.dumps(turn.arguments))]
    yield from ({"type": "content_block_delta", "index": 0, "delta": piece} for piece in pieces)
    yield {"type": "content_block_stop", "index": 0}
    yield {"type": "message_delta", "delta": {"stop_reason": _reason(turn), "stop_sequence": None}, "usage": _USED}
    yield {"type": "message_stop"}


def halves(text: str) -> list[str]:
    return [text[: len(text) // 2], text[len(text) // 2 :]]


_USED = {"input_tokens": 1, "output_tokens": 1}


def _message(content: list[Document], reason: str | None) -> Document:
    named = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5"}
    return named | {"content": content, "stop_reason": reason, "stop_sequence": None, "usage": _USED}


def _block(turn: Turn) -> Document:
    if isinstance(turn, Call):
        return {"type": "tool_use", "id": f"toolu_{turn.number}", "name": turn.tool, "input": turn.arguments}
    return {"type": "text", "text": turn}


def _reason(turn: Turn) -> str:
    return "tool_use" if isinstance(turn, Call) else "end_turn"
