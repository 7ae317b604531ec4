"""Gemini's generateContent and streamGenerateContent, as far as agents speak them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.agents.messages import halves
from tests.agents.turns import Asked, Call, Tool, Turn

Document = dict[str, Any]
DEAD = {"error": {"code": 401, "message": "Credentials have expired.", "status": "UNAUTHENTICATED"}}


def asked(body: Document) -> Asked:
    results = sum("functionResponse" in part for said in body["contents"] for part in said["parts"])
    declared = [tool for tools in body.get("tools", ()) for tool in tools.get("functionDeclarations", ())]
    tools = [Tool(tool["name"], tool.get("parametersJsonSchema") or tool.get("parameters", {})) for tool in declared]
    return Asked(tools, results, json.dumps(body))


def whole(turn: Turn) -> Document:
    return _reply([_part(turn)], "STOP")


def events(turn: Turn) -> Iterator[Document]:
    if isinstance(turn, str):
        yield from (_reply([{"text": piece}]) for piece in halves(turn))
    else:
        yield _reply([_part(turn)])
    yield _reply([{"text": ""}], "STOP")


def _reply(parts: list[Document], finish: str | None = None) -> Document:
    candidate: Document = {"index": 0, "content": {"role": "model", "parts": parts}}
    if finish is not None:
        candidate["finishReason"] = finish
    used = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
    return {"candidates": [candidate], "usageMetadata": used, "modelVersion": "gemini-2.5-pro"}


def _part(turn: Turn) -> Document:
    if isinstance(turn, Call):
        return {"functionCall": {"name": turn.tool, "args": turn.arguments}}
    return {"text": turn}
