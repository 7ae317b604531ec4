"""SDKs as their users run them: a base URL at the proxy and a key that is worth nothing."""

from __future__ import annotations

import asyncio
import warnings

from openai import OpenAI

from tests.acceptance.conftest import Running

HELLO = [{"role": "user", "content": "hello"}]


async def test_openai_streams_a_chat_through_an_injected_bearer(running: Running) -> None:
    def chat() -> str:
        with OpenAI(base_url=f"{running.url}/plain/v1", api_key="made-up", timeout=30) as client:
            stream = client.chat.completions.create(model="any", messages=HELLO, stream=True)
            return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)

    assert await asyncio.to_thread(chat) == "You said: hello"


async def test_openai_does_not_notice_that_the_token_died(running: Running) -> None:
    def chat() -> str | None:
        with OpenAI(base_url=f"{running.url}/plain/v1", api_key="made-up", max_retries=0, timeout=30) as client:
            return client.chat.completions.create(model="any", messages=HELLO).choices[0].message.content

    assert await asyncio.to_thread(chat) == "You said: hello"
    running.sandbox.void()
    assert await asyncio.to_thread(chat) == "You said: hello"
    assert running.sandbox.mints["oauth2"] == 2


async def test_baidus_own_sdk_runs_with_made_up_keys_by_stand_in(running: Running) -> None:
    def chat(stream: bool) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the SDK's own imports warn, and it is not ours to mend
            import qianfan  # noqa: PLC0415 -- see above

            qianfan.get_config().BASE_URL = f"{running.url}/qianfan"
            bot = qianfan.ChatCompletion(ak="made-up-ak", sk="made-up-sk")
            answer = bot.do(messages=HELLO, stream=stream)
            return "".join(part["result"] for part in answer) if stream else str(answer["result"])

    assert await asyncio.to_thread(chat, False) == "You said: hello"
    assert await asyncio.to_thread(chat, True) == "You said: hello"
    running.sandbox.void()
    assert await asyncio.to_thread(chat, False) == "You said: hello"
    assert all(call.token == "good" for call in list(running.sandbox.requests)[-1:])
