"""bce-python-sdk: objects of BOS."""

from __future__ import annotations

from urllib.parse import quote

from baidubce.auth import bce_v1_signer
from baidubce.auth.bce_credentials import BceCredentials
from baidubce.bce_client_configuration import BceClientConfiguration
from baidubce.services.bos.bos_client import BosClient
from program import MADE_UP, REAL, Request, main, moment


def call(url: str) -> str:
    bos = BosClient(BceClientConfiguration(credentials=BceCredentials(*MADE_UP), endpoint=url))
    bos.put_object_from_string("bucket", "a b/测试", "content")
    bos.list_objects("bucket", prefix="a b/")
    return bos.get_object_as_string("bucket", "a b/测试").decode()


def judge(request: Request) -> dict[str, str]:
    _, _, stamp, lifetime, names, _ = request.headers["authorization"].split("/")
    signature = bce_v1_signer.sign(
        BceCredentials(*REAL),
        request.method.encode(),
        quote(request.key, safe="/~").encode(),
        {name.encode(): value.encode() for name, value in request.headers.items()},
        {name.encode(): value.encode() for name, value in request.params.items()},
        moment(stamp, "%Y-%m-%dT%H:%M:%SZ"),
        int(lifetime),
        [name.encode() for name in names.split(";")],
    )
    return {"authorization": signature.decode()}


main(call, judge)
