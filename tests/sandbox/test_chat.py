"""Chat completions: the documents, and the real SDKs that must understand them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from proxy.sandbox import KEY, SECRET, Sandbox, chat

from .conftest import User

QIANFAN = "/baidu/rpc/2.0/ai_custom/v1/wenxinworkshop/chat/completions"
OPENAI = "/oauth2/api/v1/chat/completions"
HELLO: dict[str, Any] = {"model": "any", "messages": [{"role": "user", "content": "hello there"}]}
SPOKEN = "You said: hello there"


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (HELLO, "hello there"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"text": "b"}]}]}, "a b"),
        ({"messages": [{"role": "user", "content": "first"}, {"role": "user", "content": "last"}]}, "last"),
        ({"messages": []}, ""),
        ({"messages": "x"}, ""),
        ({"messages": ["x"]}, ""),
        ({"messages": [{"content": 5}]}, ""),
        ({}, ""),
    ],
)
def test_what_was_said(asked: dict[str, Any], text: str) -> None:
    assert chat.said(asked) == text


def test_openai_usage_comes_only_when_asked_for() -> None:
    plain = chat.openai_chunks(HELLO, 1.0)
    counted = chat.openai_chunks({**HELLO, "stream_options": {"include_usage": True}}, 1.0)
    assert not any("usage" in chunk for chunk in plain)
    assert counted[-1]["usage"] == {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}
    assert plain[-1]["choices"][0]["finish_reason"] == "stop"


async def test_openai_stream_on_the_wire(user: User) -> None:
    token = await user.login("oauth2")
    async with user.call("oauth2", OPENAI, token, method="POST", json={**HELLO, "stream": True}) as response:
        assert response.content_type == "text/event-stream"
        lines = [line for line in (await response.text()).splitlines() if line]
    assert lines[-1] == "data: [DONE]"
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == SPOKEN


async def test_qianfan_stream_on_the_wire(user: User) -> None:
    token = await user.login("baidu")
    async with user.call("baidu", QIANFAN, token, method="POST", json={**HELLO, "stream": True}) as response:
        lines = [line for line in (await response.text()).splitlines() if line]
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert "".join(chunk["result"] for chunk in chunks) == SPOKEN
    assert [chunk["is_end"] for chunk in chunks] == [False, False, True]


async def test_qianfan_refuses_a_stream_with_plain_json(user: User) -> None:
    async with user.call("baidu", QIANFAN, "dead", method="POST", json={**HELLO, "stream": True}) as response:
        assert response.content_type == "application/json"
        assert (await response.json())["error_code"] == 110


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"messages": []}', b"[" * 100_000])
async def test_bodies_that_are_no_chat(user: User, body: bytes) -> None:
    async with user.call("oauth2", OPENAI, await user.login("oauth2"), method="POST", data=body) as response:
        assert response.status == 400
    async with user.call("baidu", QIANFAN, await user.login("baidu"), method="POST", data=body) as response:
        assert (response.status, (await response.json())["error_code"] // 1000) == (200, 336)


async def test_the_openai_sdk_understands_it(user: User) -> None:
    openai = pytest.importorskip("openai")
    token = await user.login("oauth2")
    async with openai.AsyncOpenAI(base_url=f"{user.url}/oauth2/api/v1", api_key=token, max_retries=0) as client:
        whole = await client.chat.completions.create(**HELLO)
        assert whole.choices[0].message.content == SPOKEN
        stream = await client.chat.completions.create(**HELLO, stream=True)
        assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == SPOKEN
        assert [model.id async for model in client.models.list()] == [chat.MODEL]


@pytest.mark.filterwarnings(r"ignore:datetime\.datetime\.utcnow:DeprecationWarning")  # the SDK's own, Python 3.12 on
async def test_the_qianfan_sdk_understands_it(
    sandbox: Sandbox, user: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    qianfan = pytest.importorskip("qianfan")
    settings = {"BASE_URL": f"{user.url}/baidu", "AK": KEY, "SK": SECRET, "CACHE_DIR": str(tmp_path)}
    for name, value in settings.items():
        monkeypatch.setattr(qianfan.get_config(), name, value)

    def chats() -> tuple[str, str]:
        client = qianfan.ChatCompletion()
        whole = client.do(messages=HELLO["messages"])
        return whole["result"], "".join(part["result"] for part in client.do(messages=HELLO["messages"], stream=True))

    # In a thread, because the SDK blocks: also its async calls get their token with `requests`.
    assert await asyncio.to_thread(chats) == (SPOKEN, SPOKEN)
    assert sandbox.mints == {"baidu": 1}
