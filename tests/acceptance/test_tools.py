"""curl and Node's fetch: what people try first."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from tests.acceptance.chromium import within
from tests.acceptance.conftest import Running


async def output(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        async with within(30, f"{command[0]} to end"):
            printed, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    return printed.decode()


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
async def test_curl_with_a_body_beyond_one_segment(running: Running) -> None:
    """curl asks for 100-continue before it sends a body of more than 1 MiB."""
    printed = await output(
        "curl", "-s", f"{running.url}/plain/upload", "-H", "Expect: 100-continue", "--data-binary", "x" * 100_000
    )
    assert '"bytes": 100000' in printed


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
async def test_node_fetch_streams(running: Running) -> None:
    script = f"""
        const reply = await fetch("{running.url}/plain/sse?events=3");
        let text = "";
        for await (const chunk of reply.body) text += new TextDecoder().decode(chunk);
        console.log(reply.status, text.split("data:").length - 1);
    """
    assert (await output("node", "--input-type=module", "-e", script)).strip() == "200 3"
