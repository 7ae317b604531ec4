"""esdk-obs-python: objects of OBS."""

from __future__ import annotations

from obs import ObsClient
from obs.auth import Authentication
from obs.convertor import Adapter
from program import MADE_UP, REAL, Request, main


def call(url: str) -> str:
    obs = ObsClient(*MADE_UP, server=url, path_style=True)
    put = obs.putContent("bucket", "a b/测试", "content", metadata={"a": "b"})
    assert put.status == 200, put
    assert obs.listObjects("bucket", prefix="a b/").status == 200
    got = obs.getObject("bucket", "a b/测试", loadStreamInMemory=True)
    return got.body.buffer.decode()


def judge(request: Request) -> dict[str, str]:
    """The service takes both spellings, OBS's own and that of S3 (v2), which the SDK has for an address."""
    bucket, _, key = request.key.lstrip("/").partition("/")
    spelling = Adapter("obs" if request.headers["authorization"].startswith("OBS ") else "v2")
    auth = Authentication(*REAL, True, spelling, "127.0.0.1", False)
    signed = auth.doAuth(request.method, bucket, key, request.params, dict(request.headers))
    return {"authorization": signed["Authorization"]}


main(call, judge)
